/** Part tables, proven by the object itself: by its terminator, or by the last segments of its parts. */
import {
	bounded,
	ciphertextLength,
	DecryptionError,
	openStreams,
	openTerminator,
	partAssociatedData,
	spanOf,
} from "../../src/index.ts";
import { mostAtOnce, mostParts, sizeOf, tooMany } from "./part-sizes.ts";
import type { ObjectTable, Proof, StoredObject } from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";

export const longestTerminator = 56 + 16 * mostParts;
const headerBytes = 40;

/**
 * The table, where what follows these parts is their terminator. One that holds the store's word of their lengths
 * proves that they are all of the object, and each of them has to prove its own.
 * @param lengths plaintext of the parts
 * @throws DecryptionError where a part is not that long
 */
export async function endedBy(
	found: FoundObject,
	stored: StoredObject,
	lengths: readonly number[],
	{ of, maxParts }: Proof,
): Promise<ObjectTable | undefined> {
	const { record, dataKey } = found;
	const { nonce, format } = record;
	const start = sizeOf(lengths, format.segmentBytes);
	const tail = stored.size - start;
	if (lengths.length === 0 || tail < 56 || tail > longestTerminator) {
		return undefined;
	}
	const bytes = await stored.fetch(start, stored.size);
	let proven: boolean;
	try {
		proven = openTerminator({ dataKey, nonce, format }, lengths, bytes);
	} catch (error) {
		// A short last part may be as small as a terminator: then it has to prove itself as one.
		if (error instanceof DecryptionError) return undefined;
		throw error;
	}
	if (!proven && of === "each") {
		if (lengths.length > maxParts) throw tooMany(lengths.length, maxParts);
		await proveParts(found, stored, lengths, false);
	}
	return { lengths, tail, proven: proven || of === "each" };
}

interface Claim {
	/** From 1. */
	readonly part: number;
	/** Plaintext in bytes. */
	readonly length: number;
	/** Where its stream begins in the object, and where it ends. */
	readonly start: number;
	readonly end: number;
	/** Whether it ends the object. */
	readonly final: boolean;
}

/**
 * Opens the last segment of each part: its index and length are those of no other length. The final one's place proves
 * that none follows.
 * @param ended whether the last part ends the object, rather than a terminator
 * @throws DecryptionError
 */
export async function proveParts(
	found: FoundObject,
	stored: StoredObject,
	lengths: readonly number[],
	ended: boolean,
): Promise<void> {
	const claims = claimsOf(found, lengths, ended);
	let header = await stored.fetch(0, headerBytes);
	for (let at = 0; at < claims.length; at += mostAtOnce) {
		const some = claims.slice(at, at + mostAtOnce);
		// Behind a last segment there is the header of the part that follows: one read for both.
		const read = await bounded(some, mostAtOnce, (claim) => {
			const more = claim.part < claims.length ? headerBytes : 0;
			return stored.fetch(lastSegment(found, claim), claim.end + more);
		});
		for (const [index, claim] of some.entries()) {
			const bytes = read[index] as Buffer;
			const size = claim.end - lastSegment(found, claim);
			openLast(found, claim, header, bytes.subarray(0, size));
			header = bytes.subarray(size);
		}
	}
}

/** That the object ends in this very part. @throws DecryptionError */
export async function proveFinal(
	found: FoundObject,
	stored: StoredObject,
	lengths: readonly number[],
): Promise<void> {
	const claim = claimsOf(found, lengths, true).at(-1) as Claim;
	const from = lastSegment(found, claim);
	const [header, segment] = await Promise.all([
		stored.fetch(claim.start, claim.start + headerBytes),
		stored.fetch(from, claim.end),
	]);
	openLast(found, claim, header, segment);
}

function claimsOf(
	{ record }: FoundObject,
	lengths: readonly number[],
	ended: boolean,
): Claim[] {
	let end = 0;
	return lengths.map((length, index) => {
		const start = end;
		end += ciphertextLength(length, record.format.segmentBytes);
		const final = ended && index === lengths.length - 1;
		return { part: index + 1, length, start, end, final };
	});
}

function lastSegment(found: FoundObject, claim: Claim): number {
	return claim.start + spanOfLast(found, claim).start;
}

function spanOfLast({ record }: FoundObject, { length }: Claim) {
	const { segmentBytes } = record.format;
	return spanOf(Math.max(0, length - 1), length, length, segmentBytes);
}

function openLast(
	found: FoundObject,
	claim: Claim,
	header: Buffer,
	segment: Buffer,
): void {
	const { record, dataKey } = found;
	const stream = {
		dataKey,
		header,
		associatedData: partAssociatedData(record.nonce, claim.part, claim.final),
		segmentBytes: record.format.segmentBytes,
		plaintext: claim.length,
		span: spanOfLast(found, claim),
	};
	const opening = openStreams([stream], { data: () => true, end() {} });
	opening.data(segment);
	opening.end();
}
