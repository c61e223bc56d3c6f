/**
 * The formats of the AWS S3 Encryption Clients: one AES-256-GCM message for each object, its tag behind it, all else in
 * user metadata. docs/format.md, "The formats of the S3 Encryption Clients". Source: awslabs/aws-encryption-sdk-specification,
 * s3-encryption; algorithm suites 0x0073 (V3) and 0x0072 (V2).
 */
import { DecryptionError } from "../decryption-error.ts";
import { tagBytes } from "../stream-arithmetic.ts";

export type S3ecFormat = "s3ec-v3" | "s3ec-v2";

/** What one GCM message holds, in bytes: 2^39 - 256 bits. NIST SP 800-38D, 5.2.1.1. */
export const mostS3ecPlaintext = 2 ** 36 - 32;

/** @param plaintext in bytes */
export function s3ecCiphertextLength(plaintext: number): number {
	return plaintext + tagBytes;
}

/** @param ciphertext in bytes @throws DecryptionError `stream-malformed` where no object has that length */
export function s3ecPlaintextLength(ciphertext: number): number {
	const plaintext = ciphertext - tagBytes;
	if (plaintext >= 0 && plaintext <= mostS3ecPlaintext) return plaintext;
	throw new DecryptionError(
		"stream-malformed",
		`no object of an S3 Encryption Client has ${ciphertext} bytes`,
	);
}

/** The name that binds a wrapped data key to its algorithm. */
const contextName = "aws:x-amz-cek-alg";

/** What is named so, in the metadata of V2 and in the encryption context of both. */
export const algorithmNames: Readonly<Record<S3ecFormat, string>> = {
	"s3ec-v3": "115",
	"s3ec-v2": "AES/GCM/NoPadding",
};

export type EncryptionContext = Readonly<Record<string, string>>;

/** The encryption context of a data key. @param own the route's pairs, which every reader has to give again */
export function s3ecContext(
	format: S3ecFormat,
	own: EncryptionContext,
): EncryptionContext {
	return { ...own, [contextName]: algorithmNames[format] };
}

/**
 * The stored context has exactly the pairs of the route: else the store could have a key unwrapped that was made for
 * another purpose, or under another algorithm.
 * @throws DecryptionError `context-refused`
 */
export function requireS3ecContext(
	format: S3ecFormat,
	stored: EncryptionContext,
	own: EncryptionContext,
): void {
	const expected = Object.entries(s3ecContext(format, own));
	const same =
		Object.keys(stored).length === expected.length &&
		expected.every(
			([name, value]) => Object.hasOwn(stored, name) && stored[name] === value,
		);
	if (same) return;
	throw new DecryptionError(
		"context-refused",
		`the data key has the encryption context ${JSON.stringify(Object.keys(stored))}, which is not the route's`,
	);
}
