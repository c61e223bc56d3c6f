/**
 * Binds an object to one data key: AES-GCM alone lets a ciphertext open under two keys to two plaintexts.
 * HKDF-SHA512 (RFC 5869) of the data key, salt the object's nonce, info "sealgate/t1 COMMITKEY", 28 bytes.
 */
import { createSecretKey, hkdfSync, timingSafeEqual } from "node:crypto";
import { DecryptionError } from "./decryption-error.ts";

export const commitmentBytes = 28;

const label = Buffer.from("sealgate/t1 COMMITKEY");

export function commitmentOf(dataKey: Uint8Array, nonce: Uint8Array): Buffer {
	return Buffer.from(
		hkdfSync("sha512", createSecretKey(dataKey), nonce, label, commitmentBytes),
	);
}

/** @throws DecryptionError `commitment-mismatch` */
export function requireCommitment(
	dataKey: Uint8Array,
	nonce: Uint8Array,
	commitment: Uint8Array,
): void {
	if (!timingSafeEqual(commitmentOf(dataKey, nonce), commitment)) {
		throw new DecryptionError("commitment-mismatch", "another data key");
	}
}
