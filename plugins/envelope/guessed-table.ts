/**
 * Clients make parts of whole MiB. Which size it was, the object's own size and number of parts leave few guesses, and
 * the terminator proves one: so the store need not be asked how long its parts are.
 */
import { derivedPlaintext } from "../../src/index.ts";
import { endedBy, longestTerminator } from "./part-proof.ts";
import { sizeOf } from "./part-sizes.ts";
import type { ObjectTable, Proof, StoredObject } from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";
import { leastPart } from "./upload.ts";

const mebibyte = 1024 ** 2;
/** Tried for one object; each takes some 50 microseconds. */
const mostGuesses = 128;

/** Undefined where no terminator proves a guess. @throws what `endedBy` throws */
export async function guessedTable(
	found: FoundObject,
	stored: StoredObject,
	proof: Proof,
): Promise<ObjectTable | undefined> {
	const { segmentBytes } = found.record.format;
	const { size } = stored;
	const guesses = guessesOf(stored, segmentBytes);
	const starts = guesses
		.map((lengths) => sizeOf(lengths, segmentBytes))
		.filter((start) => start < size && size - start <= longestTerminator);
	if (starts.length === 0) return undefined;
	const from = Math.min(...starts);
	const end = await stored.fetch(from, size);
	const fetched = {
		...stored,
		fetch: async (start: number, to: number) =>
			start >= from && to === size
				? end.subarray(start - from)
				: stored.fetch(start, to),
	};
	for (const lengths of guesses) {
		const table = await endedBy(found, fetched, lengths, proof);
		if (table !== undefined) return table;
	}
	return undefined;
}

/** Parts of one size and a last one that is no longer. A terminator follows none of less than 5 MiB. */
function guessesOf(
	{ size, count }: StoredObject,
	segmentBytes: number,
): readonly (readonly number[])[] {
	const parts = count - 1;
	const total = derivedPlaintext(size, count, segmentBytes);
	if (total < leastPart * parts) return [];
	if (parts === 1) return [[total]];
	const least = Math.ceil(total / parts / mebibyte);
	const most = Math.floor((total - leastPart) / (parts - 1) / mebibyte);
	if (most - least >= mostGuesses) return [];
	return Array.from({ length: Math.max(0, most - least + 1) }, (_, more) => {
		const each = (least + more) * mebibyte;
		const before = new Array<number>(parts - 1).fill(each);
		return [...before, total - each * (parts - 1)];
	});
}
