/**
 * A key for each object from one secret, so that nothing has to be kept for each object. Version 1:
 * HKDF-SHA256 (RFC 5869) with the secret's bytes, the salt `sealgate/sse-c/1`, and as info the bucket and the object
 * key, each as UTF-8 behind its length in bytes as an unsigned 32-bit big-endian number; 32 bytes of output.
 */
import { hkdfSync, type KeyObject } from "node:crypto";
import { customerKeyBytes } from "../../src/index.ts";

const salt = Buffer.from("sealgate/sse-c/1", "ascii");

/** @returns 32 bytes that the caller zeroises */
export function deriveKey(
	secret: KeyObject,
	bucket: string,
	key: string,
): Buffer {
	const info = Buffer.concat([prefixed(bucket), prefixed(key)]);
	return Buffer.from(hkdfSync("sha256", secret, salt, info, customerKeyBytes));
}

/** The length in front keeps bucket `a` with key `bc` apart from bucket `ab` with key `c`. */
function prefixed(text: string): Buffer {
	const bytes = Buffer.from(text, "utf8");
	const length = Buffer.alloc(4);
	length.writeUInt32BE(bytes.length);
	return Buffer.concat([length, bytes]);
}
