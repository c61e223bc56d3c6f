/**
 * What each stream of an object is bound to: the object's nonce, the part's number and its place at the end.
 * docs/format.md, "Associated data".
 */
import { createHash } from "node:crypto";

export const objectNonceBytes = 16;

const label = Buffer.from("sealgate/t1\0", "latin1");

/** The last byte of the associated data. */
export const place = {
	/** More follows. */
	inside: 0,
	/** The stream ends the object. */
	final: 1,
	/** A terminator: the table was proven part by part. */
	provenEnd: 2,
	/** A terminator: the table was the store's word when the upload was completed. */
	statedEnd: 3,
} as const;

/**
 * Whether a part can only be the last of its object, so that its stream ends it: S3 takes no part of under 5 MiB before
 * another, and none behind part 10,000. https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
 * @param plaintext in bytes
 */
export function endsByItself(part: number, plaintext: number): boolean {
	return part === 10_000 || plaintext < 5 * 1_024 * 1_024;
}

/** "sealgate/t1" 00, nonce[16], u32be part, u8 place. A single PUT is part 0 and final. */
export function partAssociatedData(
	nonce: Uint8Array,
	part: number,
	final: boolean,
): Buffer {
	return associatedData(nonce, part, final ? place.final : place.inside);
}

/**
 * As for a part, with place 2 or 3, then the SHA-256 of u32be count and, for each part, u64be plaintext length.
 * @param part the terminator's own number, one behind the last part with plaintext
 */
export function terminatorAssociatedData(
	nonce: Uint8Array,
	part: number,
	table: PartTable,
): Buffer {
	const end = table.proven ? place.provenEnd : place.statedEnd;
	return Buffer.concat([
		associatedData(nonce, part, end),
		tableHash(table.lengths),
	]);
}

export interface PartTable {
	/** Plaintext bytes of part 1, 2 and so on, without the terminator. */
	readonly lengths: readonly number[];
	/** Whether every length carried the attestation of its part ETag. */
	readonly proven: boolean;
}

/** 32 bytes. Proofs of a table are cached under this and the object's nonce. */
export function tableHash(lengths: readonly number[]): Buffer {
	const table = Buffer.alloc(4 + 8 * lengths.length);
	table.writeUInt32BE(lengths.length);
	lengths.forEach((length, index) => {
		table.writeBigUInt64BE(BigInt(length), 4 + 8 * index);
	});
	return createHash("sha256").update(table).digest();
}

function associatedData(
	nonce: Uint8Array,
	part: number,
	placeByte: number,
): Buffer {
	const tail = Buffer.alloc(5);
	tail.writeUInt32BE(part);
	tail.writeUInt8(placeByte, 4);
	return Buffer.concat([label, nonce, tail]);
}
