/** The ciphertext that a store answers: whether it is what was asked for, and its plaintext. */
import {
	type Body,
	ciphertextLength,
	DecryptionError,
	type ObjectSpan,
	objectSpan,
	openStreams,
	partAssociatedData,
	through,
} from "../../src/index.ts";
import type { Answered } from "./answered-headers.ts";
import type { ObjectTable, StoredObject } from "./part-table.ts";
import { provenStart } from "./proven-start.ts";
import type { FoundObject } from "./sealing.ts";

/** The ciphertext that holds a slice. Where the slice is empty, all of it: it proves that there is nothing. */
export function spanOfSlice(
	lengths: readonly number[],
	{ start, end }: { readonly start: number; readonly end: number },
	segmentBytes: number,
): ObjectSpan {
	if (start < end) return objectSpan(lengths, start, end, segmentBytes);
	return { start: 0, end: sizeOf(lengths, segmentBytes), parts: [] };
}

/** Ciphertext of all parts. */
function sizeOf(lengths: readonly number[], segmentBytes: number): number {
	return lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		0,
	);
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
 * The plaintext of the slice. Its beginning is proven when this resolves.
 * @param stored the same object, asked again for what the answer does not hold
 * @throws DecryptionError
 */
export async function decrypt(
	{ response, found, table, slice }: Answered,
	stored: (size: number) => StoredObject,
): Promise<Body> {
	const { lengths, tail } = table;
	const { segmentBytes } = found.record.format;
	const span = spanOfSlice(lengths, slice, segmentBytes);
	const streams = await streamsOf(found, table, span, () =>
		stored(sizeOf(lengths, segmentBytes) + tail),
	);
	if (response.body === undefined) {
		throw new DecryptionError("stream-truncated", "the answer has no body");
	}
	const ciphertext = span.end - span.start;
	return provenStart(
		through(response.body, slice.end - slice.start, (to) => {
			const opening = openStreams(streams, to);
			let left = ciphertext;
			return {
				data(chunk) {
					// Behind them there is only what has proven the table already: a terminator, or an empty last part.
					const parts = chunk.subarray(0, left);
					left -= parts.length;
					return parts.length === 0 || opening.data(parts);
				},
				end: () => opening.end(),
			};
		}),
	);
}

async function streamsOf(
	{ record, dataKey }: FoundObject,
	{ lengths, tail }: ObjectTable,
	{ parts }: ObjectSpan,
	stored: () => StoredObject,
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
	const headerOf = async (at: number | undefined) => {
		if (at === undefined) return {};
		return { header: single?.header ?? (await stored().fetch(at, at + 40)) };
	};
	const [first] = parts;
	const header = await headerOf(first?.headerAt);
	if (first === undefined) {
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
		...(headerAt === undefined ? {} : header),
	}));
}
