/** The 32-byte keys of the format: data keys and wrapping keys. */
import { createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";

export const keyBytes = 32;

const zeroes = Buffer.alloc(keyBytes);

/** Where the bytes come from: `randomBytes` of node:crypto, and a fixed sequence in tests. */
export type Random = (size: number) => Buffer;

/** @throws SealgateError `internal` where it is not 32 bytes, or all of them are zero: a key that was erased before use */
export function requireKey(key: Uint8Array): void {
	if (key.length !== keyBytes) {
		throw new SealgateError(
			"internal",
			`A key has ${key.length} bytes, not ${keyBytes}.`,
		);
	}
	if (timingSafeEqual(key, zeroes)) {
		throw new SealgateError("internal", "A key is all zero.");
	}
}

/**
 * The key as node:crypto holds it, which erases its copy when it is collected. Made before each use of a key in bytes:
 * Node 24 looks at a key that is no KeyObject for 12 microseconds before HMAC, HKDF or a cipher, and makes one in 1.
 * @throws SealgateError as `requireKey` does
 */
export function secretKey(key: Uint8Array): KeyObject {
	requireKey(key);
	return createSecretKey(key);
}
