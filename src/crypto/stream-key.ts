/**
 * The header of a stream and what is derived from it: the stream's own key by HKDF-SHA256 (RFC 5869) from the data key,
 * the header's salt and the associated data, and one nonce for each segment. docs/format.md, "Stream".
 */
import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { DecryptionError } from "./decryption-error.ts";
import { keyBytes, type Random } from "./secret-key.ts";
import { headerBytes } from "./stream-arithmetic.ts";

const saltBytes = 32;
const prefixBytes = 7;
export const nonceBytes = 12;

/** 28 hex, salt[32], nonce prefix[7]. Never use one twice: a part that is uploaded again gets a new one. */
export function newStreamHeader(random: Random): Buffer {
	return Buffer.concat([
		Buffer.of(headerBytes),
		random(saltBytes),
		random(prefixBytes),
	]);
}

export class StreamKey {
	/** AES-256, for this stream alone. */
	readonly key: KeyObject;
	readonly #nonce = Buffer.alloc(nonceBytes);

	/** @throws DecryptionError `stream-malformed` where the header is none */
	constructor(dataKey: KeyObject, header: Uint8Array, associatedData: Buffer) {
		if (header.length !== headerBytes || header[0] !== headerBytes) {
			throw new DecryptionError("stream-malformed", "no stream header");
		}
		const salt = header.subarray(1, 1 + saltBytes);
		const derived = Buffer.from(
			hkdfSync("sha256", dataKey, salt, associatedData, keyBytes),
		);
		this.key = createSecretKey(derived);
		derived.fill(0);
		this.#nonce.set(header.subarray(1 + saltBytes));
	}

	/** Prefix[7], u32be index, u8 last. Valid until the next call. @throws RangeError past 2^32 segments */
	nonce(index: number, last: boolean): Buffer {
		this.#nonce.writeUInt32BE(index, prefixBytes);
		this.#nonce[nonceBytes - 1] = last ? 1 : 0;
		return this.#nonce;
	}
}
