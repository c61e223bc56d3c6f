/** What the store says of the sizes of an object's parts, in as few questions as will do. Nothing here is proven. */
import {
	bounded,
	ciphertextLength,
	DecryptionError,
	derivedPlaintext,
	plaintextLength,
	SealgateError,
} from "../../src/index.ts";
import type { StoredObject } from "./part-table.ts";

/** A terminator counted. */
export const mostParts = 10_000;
/** Questions to the store at a time, for one request. */
export const mostAtOnce = 16;

/** Plaintext of the parts, without a terminator: what it is where all but the last are as long as the first. */
export interface UniformTables {
	/** Where a terminator follows them. */
	readonly terminated: readonly number[] | undefined;
	/** Where the last of them ends the object. */
	readonly ended: readonly number[] | undefined;
}

/** @param first bytes of the first part */
export function uniformTables(
	{ size, count }: StoredObject,
	first: number,
	segmentBytes: number,
): UniformTables {
	const each = plaintextLength(first, segmentBytes);
	if (each === undefined || each === 0) {
		return { terminated: undefined, ended: undefined };
	}
	const of = (parts: number, last: number | undefined) =>
		last === undefined || last < 0 || last > each
			? undefined
			: [...new Array<number>(parts - 1).fill(each), last];
	const rest = size - (count - 1) * first;
	const total = derivedPlaintext(size, count, segmentBytes);
	const terminated = of(count - 1, total - (count - 2) * each);
	return {
		terminated:
			terminated === undefined || sizeOf(terminated, segmentBytes) >= size
				? undefined
				: terminated,
		ended: of(count, plaintextLength(rest, segmentBytes)),
	};
}

/**
 * Bytes of each part, the terminator counted.
 * @throws SealgateError `policy-unsupported` past `most` parts, DecryptionError `stream-malformed` where they are not the object
 */
export async function eachSize(
	stored: StoredObject,
	most: number,
): Promise<number[]> {
	const { count, size } = stored;
	if (count > most) throw tooMany(count, most);
	const parts = Array.from({ length: count }, (_, index) => index + 1);
	const sizes = await bounded(parts, mostAtOnce, async (part) => {
		const told = await stored.partSize(part);
		if (told !== undefined) return told;
		throw new DecryptionError("answer-malformed", `no size of part ${part}`);
	});
	if (sizes.reduce((sum, part) => sum + part, 0) === size) return sizes;
	throw new DecryptionError("stream-malformed", "the parts are not the object");
}

export function tooMany(count: number, most: number): SealgateError {
	return new SealgateError(
		"policy-unsupported",
		`The object has ${count} parts that have to be looked at one by one, more than the ${most} of verifyLayout.maxParts. Read all of it in one GET, or raise maxParts.`,
	);
}

/** Ciphertext of all parts, without a terminator. */
export function sizeOf(
	lengths: readonly number[],
	segmentBytes: number,
): number {
	return lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		0,
	);
}
