/** The stretch of ciphertext that the first request for a range asks for, from all that is known before it. */
import { SealgateError } from "../../src/index.ts";
import { spanOfSlice } from "./fetched.ts";
import type { ObjectTable } from "./part-table.ts";
import type { Read } from "./reading.ts";
import type { SeenObject } from "./seen-objects.ts";
import { sliceOf, type Wanted } from "./wanted.ts";

export interface FirstRange {
	/** Empty for all of it. */
	readonly range: string;
	/** What the object was when it was looked at before; undefined where the range is that of an object of one PUT. */
	readonly known: KnownObject | undefined;
}

export interface KnownObject extends SeenObject {
	readonly table: ObjectTable;
}

/** Undefined where the object must be looked at first. */
export function firstRange({
	envelope,
	request,
	wanted,
}: Read): FirstRange | undefined {
	if (wanted.kind === "whole") return { range: "", known: undefined };
	if (wanted.kind === "range" && request.headers.has("if-range"))
		return undefined;
	const { seen, tables, format } = envelope;
	const before = seen.of(request.operation);
	const table = before && tables.known(before, before.size);
	if (before !== undefined && table !== undefined)
		return rangeOf({ ...before, table }, wanted);
	const range = guess(wanted, format.segmentBytes);
	return range === undefined ? undefined : { range, known: undefined };
}

function rangeOf(known: KnownObject, wanted: Wanted): FirstRange | undefined {
	const { lengths } = known.table;
	try {
		const slice = sliceOf(wanted, lengths);
		if (slice.start === slice.end) return undefined;
		const span = spanOfSlice(lengths, slice, known.format.segmentBytes);
		return { range: `bytes=${span.start}-${span.end - 1}`, known };
	} catch (error) {
		// The object may be another by now, and have such a range.
		if (error instanceof SealgateError) return undefined;
		throw error;
	}
}

/** The range of a single PUT's ciphertext that holds the wanted plaintext, for all that is known of the object's length. */
function guess(wanted: Wanted, segmentBytes: number): string | undefined {
	if (wanted.kind !== "range") return undefined;
	const [, first = "", last = ""] = /(\d*)-(\d*)/.exec(wanted.header) ?? [];
	// Past any object's length, and exact in arithmetic.
	const most = 2 ** 45;
	const start = Number(first);
	if (first === "" || start >= most) return undefined;
	const end = Math.min(last === "" ? most : Number(last) + 1, most);
	const span = spanOfSlice([most * 2], { start, end }, segmentBytes);
	return `bytes=${span.start}-${end === most ? "" : span.end - 1}`;
}
