/**
 * The checksums that S3 knows. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 * XXHASH128 is left out: the library at hand computes it only over a whole buffer, and bodies are never held whole.
 */
import { createHash } from "node:crypto";
import { crc32, crc32c } from "@node-rs/crc32";
import { Xxh64, xxh3 } from "@node-rs/xxhash";
import { SealgateError } from "../errors.ts";
import { Crc64Nvme } from "./crc64nvme.ts";

export interface Checksum {
	update(chunk: Uint8Array): void;
	/** Big-endian bytes. Called once. */
	digest(): Buffer;
}

function hash(name: string): Checksum {
	const state = createHash(name);
	return {
		update: (chunk) => void state.update(chunk),
		digest: () => state.digest(),
	};
}

function crc(step: (chunk: Uint8Array, before: number) => number): Checksum {
	let value = 0;
	return {
		update(chunk) {
			value = step(chunk, value);
		},
		digest() {
			const bytes = Buffer.alloc(4);
			bytes.writeUInt32BE(value >>> 0);
			return bytes;
		},
	};
}

function xxhash(state: {
	update(chunk: Uint8Array): unknown;
	digest(): bigint;
}): Checksum {
	return {
		update: (chunk) => void state.update(chunk),
		digest() {
			const bytes = Buffer.alloc(8);
			bytes.writeBigUInt64BE(state.digest());
			return bytes;
		},
	};
}

const makers = {
	crc32: {
		length: 4,
		create: () => crc((chunk, before) => crc32(chunk, before)),
	},
	crc32c: {
		length: 4,
		create: () => crc((chunk, before) => crc32c(chunk, before)),
	},
	crc64nvme: { length: 8, create: () => new Crc64Nvme() },
	sha1: { length: 20, create: () => hash("sha1") },
	sha256: { length: 32, create: () => hash("sha256") },
	sha512: { length: 64, create: () => hash("sha512") },
	md5: { length: 16, create: () => hash("md5") },
	xxhash64: { length: 8, create: () => xxhash(new Xxh64()) },
	xxhash3: { length: 8, create: () => xxhash(xxh3.Xxh3.withSeed()) },
} as const satisfies Record<string, { length: number; create: () => Checksum }>;

export type ChecksumAlgorithm = keyof typeof makers;

export const checksumAlgorithms = Object.keys(makers) as ChecksumAlgorithm[];

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
	return makers[algorithm].create();
}

/** Bytes of a digest. */
export function checksumLength(algorithm: ChecksumAlgorithm): number {
	return makers[algorithm].length;
}

export function checksumHeader(algorithm: ChecksumAlgorithm): string {
	return `x-amz-checksum-${algorithm}`;
}

/** The algorithm that a header or trailer names. */
export function checksumOf(header: string): ChecksumAlgorithm | undefined {
	return checksumAlgorithms.find(
		(algorithm) => checksumHeader(algorithm) === header,
	);
}

/** @throws SealgateError `request-invalid` for what is not base64 of the right length */
export function parseChecksumHeader(
	algorithm: ChecksumAlgorithm,
	value: string,
): Buffer {
	const digest = Buffer.from(value, "base64");
	if (
		digest.length === checksumLength(algorithm) &&
		digest.toString("base64") === value
	) {
		return digest;
	}
	throw new SealgateError(
		"request-invalid",
		`Value for ${checksumHeader(algorithm)} header is invalid.`,
	);
}

export function checksumMismatch(algorithm: ChecksumAlgorithm): SealgateError {
	return new SealgateError(
		"digest-mismatch",
		`The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
	);
}
