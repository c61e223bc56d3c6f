/**
 * The lengths of an object's parts. The store says what they are; nothing is answered by them before the object's own
 * end has proven them: the terminator, or the last segments of the parts.
 */
import {
	bounded,
	ciphertextLength,
	DecryptionError,
	openStreams,
	openTerminator,
	partAssociatedData,
	plaintextLength,
	SealgateError,
	spanOf,
} from "../../src/index.ts";
import type { FoundObject } from "./sealing.ts";

export interface ObjectTable {
	/** Plaintext of the parts in order, without a terminator. */
	readonly lengths: readonly number[];
	/** Bytes of a terminator and its padding behind them; 0 where a part ends the object. */
	readonly tail: number;
}

/** The object as the store has it now, and no other. */
export interface StoredObject {
	/** Bytes of ciphertext. */
	readonly size: number;
	/** How many parts the store says that it has. */
	readonly count: number;
	/** Bytes of one part. @param part from 1 */
	partSize(part: number): Promise<number>;
	/** Ciphertext from `start` up to `end`, exclusive. */
	fetch(start: number, end: number): Promise<Buffer>;
}

/** Questions to the store at a time. */
const mostAtOnce = 8;
/** A terminator counted. */
const mostParts = 10_000;
const longestTerminator = 56 + 16 * mostParts;

/**
 * @param mostLooks parts that are looked at one by one, where they differ
 * @throws DecryptionError where the object does not prove the table, SealgateError `policy-unsupported` past `mostLooks`
 */
export async function provenTable(
	found: FoundObject,
	stored: StoredObject,
	mostLooks: number,
): Promise<ObjectTable> {
	const { single, format } = found.record;
	if (single !== undefined) return { lengths: [single.plaintext], tail: 0 };
	const sizes = await partSizes(stored, mostLooks);
	const tail = sizes.at(-1) as number;
	const lengths = sizes.map((size) =>
		plaintextLength(size, format.segmentBytes),
	);
	if (sizes.length > 1 && tail <= longestTerminator) {
		const parts = complete(lengths.slice(0, -1));
		const bytes = await stored.fetch(stored.size - tail, stored.size);
		const end = endOf(found, parts, bytes);
		if (end === "stated") await proveParts(found, stored, parts, true);
		if (end !== undefined) return { lengths: parts, tail };
	}
	const parts = complete(lengths);
	await proveParts(found, stored, parts, false);
	return { lengths: parts, tail: 0 };
}

function complete(lengths: readonly (number | undefined)[]): number[] {
	return lengths.map((length) => {
		if (length !== undefined) return length;
		throw new DecryptionError("stream-malformed", "a part of no valid length");
	});
}

/** `stated`: the table ends the object, and was the store's word when the upload was completed. */
function endOf(
	{ record, dataKey }: FoundObject,
	lengths: readonly number[],
	bytes: Buffer,
): "proven" | "stated" | undefined {
	const { nonce, format } = record;
	try {
		const proven = openTerminator({ dataKey, nonce, format }, lengths, bytes);
		return proven ? "proven" : "stated";
	} catch (error) {
		// A short last part may be as small as a terminator: then it has to prove itself as one.
		if (error instanceof DecryptionError) return undefined;
		throw error;
	}
}

/** Looks at as few parts as the sizes allow: clients make all but the last of one size. */
async function partSizes(
	stored: StoredObject,
	mostLooks: number,
): Promise<number[]> {
	const { count, size } = stored;
	if (count === 1) return [size];
	if (count > mostParts) {
		throw new DecryptionError("answer-malformed", `an ETag of ${count} parts`);
	}
	const sizes = new Array<number>(count);
	const look = async (part: number): Promise<number> => {
		const seen = await stored.partSize(part);
		sizes[part - 1] = seen;
		return seen;
	};
	const first = await look(1);
	const last = await look(count);
	const beforeLast = count > 2 ? await look(count - 1) : 0;
	const between = Math.max(0, count - 3);
	if (first + between * first + beforeLast + last === size) {
		sizes.fill(first, 1, 1 + between);
		return sizes;
	}
	if (count > mostLooks) {
		throw new SealgateError(
			"policy-unsupported",
			`The object has ${count} parts of different sizes: more than the ${mostLooks} that verifyLayout.maxParts lets be looked at one by one.`,
		);
	}
	const others = Array.from({ length: between }, (_, index) => index + 2);
	await bounded(others, mostAtOnce, look);
	if (sizes.reduce((sum, part) => sum + part, 0) !== size) {
		throw new DecryptionError(
			"stream-malformed",
			"the parts are not the object",
		);
	}
	return sizes;
}

/**
 * Opens the last segment of the final part, which proves how many there are, and of each part before it. Where all of
 * those claim one length, one of them proves it for all: a shorter or longer one could not have its neighbours in place.
 */
async function proveParts(
	found: FoundObject,
	stored: StoredObject,
	lengths: readonly number[],
	ended: boolean,
): Promise<void> {
	const uniform = lengths.slice(0, -1).every((length) => length === lengths[0]);
	const claims: Parameters<typeof proveLength>[2][] = [];
	let start = 0;
	for (const [index, length] of lengths.entries()) {
		const final = index === lengths.length - 1;
		const isLast = final && !ended;
		if (final || index === 0 || !uniform) {
			claims.push({ part: index + 1, length, start, isLast });
		}
		start += ciphertextLength(length, found.record.format.segmentBytes);
	}
	await bounded(claims, mostAtOnce, (claim) =>
		proveLength(found, stored, claim),
	);
}

async function proveLength(
	{ record, dataKey }: FoundObject,
	stored: StoredObject,
	at: {
		readonly part: number;
		readonly length: number;
		readonly start: number;
		readonly isLast: boolean;
	},
): Promise<void> {
	const { segmentBytes } = record.format;
	const { length, start } = at;
	const span = spanOf(Math.max(0, length - 1), length, length, segmentBytes);
	const header = await stored.fetch(start, start + 40);
	const segment = await stored.fetch(start + span.start, start + span.end);
	const opening = openStreams(
		[
			{
				dataKey,
				header,
				associatedData: partAssociatedData(record.nonce, at.part, at.isLast),
				segmentBytes,
				plaintext: length,
				span,
			},
		],
		{ data: () => true, end() {} },
	);
	opening.data(segment);
	opening.end();
}
