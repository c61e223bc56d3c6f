/**
 * Checksums of an object that came in parts, from those of its parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import { type ChecksumAlgorithm, createChecksum } from "./checksums.ts";

/** COMPOSITE: the checksum of the parts' digests in order, and how many there were. As S3 writes it, base64 and `-N`. */
export function compositeChecksum(
	algorithm: ChecksumAlgorithm,
	digests: readonly Buffer[],
): string {
	const checksum = createChecksum(algorithm);
	for (const digest of digests) checksum.update(digest);
	return `${checksum.digest().toString("base64")}-${digests.length}`;
}

/** Polynomials, reflected, without their highest term. All start and end with all ones, which combining relies on. */
const polynomials = {
	crc32: 0xedb88320n,
	crc32c: 0x82f63b78n,
	crc64nvme: 0x9a6c9329ac4bc9b5n,
} as const;

export type CrcAlgorithm = keyof typeof polynomials;

/**
 * FULL_OBJECT: the CRC of the concatenated parts, big-endian.
 * @param parts digests big-endian, lengths in bytes; at least one
 */
export function combineCrc(
	algorithm: CrcAlgorithm,
	parts: readonly { readonly digest: Buffer; readonly length: number }[],
): Buffer {
	const polynomial = polynomials[algorithm];
	const size = parts[0]?.digest.length ?? 0;
	const top = 1n << BigInt(size * 8 - 1);
	let combined = 0n;
	for (const { digest, length } of parts) {
		const shift = power(8n * BigInt(length), polynomial, top);
		combined =
			multiply(combined, shift, polynomial, top) ^
			BigInt(`0x${digest.toString("hex")}`);
	}
	return Buffer.from(combined.toString(16).padStart(size * 2, "0"), "hex");
}

/** a·b modulo the polynomial. Reflected: the highest bit is the coefficient of 1. */
function multiply(
	a: bigint,
	b: bigint,
	polynomial: bigint,
	top: bigint,
): bigint {
	let product = 0n;
	let shifted = b;
	for (let bit = top; bit > 0n; bit >>= 1n) {
		if (a & bit) product ^= shifted;
		shifted = shifted & 1n ? (shifted >> 1n) ^ polynomial : shifted >> 1n;
	}
	return product;
}

/** x to the given power, modulo the polynomial. */
function power(exponent: bigint, polynomial: bigint, top: bigint): bigint {
	let result = top;
	let square = top >> 1n;
	for (let rest = exponent; rest > 0n; rest >>= 1n) {
		if (rest & 1n) result = multiply(result, square, polynomial, top);
		square = multiply(square, square, polynomial, top);
	}
	return result;
}
