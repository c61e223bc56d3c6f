/** The ciphertext that a store answers: whether it is what was asked for, and its plaintext. */
import {
	type Body,
	DecryptionError,
	type ObjectSpan,
	objectSpan,
	openStreams,
	partAssociatedData,
	through,
} from "../../src/index.ts";
import type { Answered } from "./answered-headers.ts";
import { sizeOf } from "./part-sizes.ts";
import type { ObjectTable, StoredObject } from "./part-table.ts";
import { provenStart } from "./proven-start.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import type { Slice } from "./wanted.ts";

/** The ciphertext that holds a slice. Where the slice is empty, all of it: it proves that there is nothing. */
export function spanOfSlice(
	lengths: readonly number[],
	{ start, end }: { readonly start: number; readonly end: number },
	segmentBytes: number,
): ObjectSpan {
	if (start < end) return objectSpan(lengths, start, end, segmentBytes);
	return { start: 0, end: sizeOf(lengths, segmentBytes), parts: [] };
}

/** @throws DecryptionError `answer-malformed` where the answer is not that stretch of an object of that length */
export function checkFetched({
	response,
	found,
	table,
	slice,
}: Answered): void {
	const { segmentBytes } = found.record.format;
	const span = spanOfSlice(table.lengths, slice, segmentBytes);
	const total = sizeOf(table.lengths, segmentBytes) + table.tail;
	const ranged = response.status === 206;
	const wanted = ranged
		? `bytes ${span.start}-${span.end - 1}/${total}`
		: `${total} bytes`;
	const given = ranged
		? response.headers.get("content-range")
		: `${response.body?.length} bytes`;
	if (given === wanted && (ranged || !slice.partial)) return;
	throw new DecryptionError(
		"answer-malformed",
		`the store answered ${response.status} with ${given} where ${wanted} was due`,
	);
}

/**
 * The plaintext of the slice. Its beginning is proven when this resolves; a read to the end proves what it opened.
 * @param stored the same object, asked again for what the answer does not hold
 * @throws DecryptionError
 */
export async function decrypt(
	{ tables, seen }: Envelope,
	{ response, found, table, slice }: Answered,
	stored: (size: number) => StoredObject,
): Promise<Body> {
	const { lengths, tail } = table;
	const { nonce, single, format } = found.record;
	const span = spanOfSlice(lengths, slice, format.segmentBytes);
	const [first] = span.parts;
	const at = single === undefined ? first?.headerAt : undefined;
	const index = first?.index ?? 0;
	const header =
		at === undefined
			? single?.header
			: (seen.header(nonce, index) ??
				(await stored(sizeOf(lengths, format.segmentBytes) + tail).fetch(
					at,
					at + headerBytes,
				)));
	if (response.body === undefined) {
		throw new DecryptionError("stream-truncated", "the answer has no body");
	}
	const streams = streamsOf(found, table, span, header);
	const ciphertext = span.end - span.start;
	return provenStart(
		through(response.body, slice.end - slice.start, (to) => {
			const opening = openStreams(streams, to);
			let left = ciphertext;
			return {
				data(chunk) {
					// Behind them there is only what has proven itself already: a terminator, or an empty last part.
					const parts = chunk.subarray(0, left);
					left -= parts.length;
					return parts.length === 0 || opening.data(parts);
				},
				end() {
					opening.end();
					if (at !== undefined && header !== undefined)
						seen.addHeader(nonce, index, header);
					if (single === undefined && isWhole(table, slice))
						tables.add(found.record, { ...table, proven: true });
				},
			};
		}),
	);
}

const headerBytes = 40;

function isWhole({ lengths }: ObjectTable, { start, end }: Slice): boolean {
	return start === 0 && end === lengths.reduce((sum, part) => sum + part, 0);
}

function streamsOf(
	{ record, dataKey }: FoundObject,
	{ lengths, tail }: ObjectTable,
	{ parts }: ObjectSpan,
	header: Buffer | undefined,
) {
	const { nonce, single, format } = record;
	const { segmentBytes } = format;
	const bound = (index: number) =>
		single === undefined
			? partAssociatedData(
					nonce,
					index + 1,
					tail === 0 && index === lengths.length - 1,
				)
			: partAssociatedData(nonce, 0, true);
	if (parts.length === 0) {
		return lengths.map((plaintext, index) => ({
			dataKey,
			associatedData: bound(index),
			segmentBytes,
			plaintext,
		}));
	}
	return parts.map(({ index, plaintext, span, headerAt }) => ({
		dataKey,
		associatedData: bound(index),
		segmentBytes,
		plaintext,
		span,
		...(headerAt !== undefined && header !== undefined && { header }),
	}));
}
