/**
 * Sealing algorithm 1: AES-256-GCM under a key and nonce of its own, HKDF-SHA256 (RFC 5869) of the wrapping key with a
 * random 32-byte salt and a label. A wrapping key is never an AES key itself, so it may seal without counting nonces.
 * docs/format.md, "Sealing".
 */
import {
	createCipheriv,
	createDecipheriv,
	hkdfSync,
	type KeyObject,
} from "node:crypto";
import { keyBytes, secretKey } from "./secret-key.ts";
import { tagBytes } from "./stream-arithmetic.ts";
import { nonceBytes } from "./stream-key.ts";

export const algorithmId = 1;
export const saltBytes = 32;

export class DerivedKey {
	readonly #key: KeyObject;
	readonly #nonce: Buffer;
	/** Further key material, for a MAC; empty unless asked for. */
	readonly extra: Buffer;

	/** @throws SealgateError `internal` where the wrapping key is not 32 bytes or all zero */
	constructor(
		wrappingKey: Uint8Array,
		salt: Uint8Array,
		label: string,
		extraBytes = 0,
	) {
		const size = keyBytes + nonceBytes + extraBytes;
		const derived = Buffer.from(
			hkdfSync("sha256", secretKey(wrappingKey), salt, label, size),
		);
		const key = derived.subarray(0, keyBytes);
		this.#key = secretKey(key);
		key.fill(0);
		this.#nonce = derived.subarray(keyBytes, keyBytes + nonceBytes);
		this.extra = derived.subarray(keyBytes + nonceBytes);
	}

	/** Ciphertext, tag[16]. One call for one key: its nonce is fixed. */
	seal(plain: Uint8Array, associatedData: Uint8Array): Buffer {
		const cipher = createCipheriv("aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: tagBytes,
		});
		cipher.setAAD(associatedData);
		const text = cipher.update(plain);
		cipher.final();
		return Buffer.concat([text, cipher.getAuthTag()]);
	}

	/** `undefined` where the key, the bytes or the associated data are not those of `seal`. */
	open(sealed: Uint8Array, associatedData: Uint8Array): Buffer | undefined {
		const text = sealed.length - tagBytes;
		if (text < 0) return undefined;
		const decipher = createDecipheriv("aes-256-gcm", this.#key, this.#nonce, {
			authTagLength: tagBytes,
		});
		decipher.setAAD(associatedData);
		decipher.setAuthTag(sealed.subarray(text));
		const plain = decipher.update(sealed.subarray(0, text));
		try {
			decipher.final();
		} catch {
			plain.fill(0);
			return undefined;
		}
		return plain;
	}

	/** Overwrites what was derived beside the key, which OpenSSL erases; `extra` too, so copy it before. */
	erase(): void {
		this.#nonce.fill(0);
		this.extra.fill(0);
	}
}
