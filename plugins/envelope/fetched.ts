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
import { provenStart } from "./proven-start.ts";

/** The ciphertext that holds a slice. Where the slice is empty, all of it: it proves that there is nothing. */
export function spanOfSlice(
	lengths: readonly number[],
	{ start, end }: { readonly start: number; readonly end: number },
	segmentBytes: number,
): ObjectSpan {
	if (start < end) return objectSpan(lengths, start, end, segmentBytes);
	return { start: 0, end: totalOf(lengths, segmentBytes), parts: [] };
}

function totalOf(lengths: readonly number[], segmentBytes: number): number {
	return lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		0,
	);
}

/** @throws DecryptionError `stream-malformed` where the answer is not that stretch of an object of that length */
export function checkFetched({
	response,
	found,
	lengths,
	slice,
}: Answered): void {
	const { segmentBytes } = found.record.format;
	const span = spanOfSlice(lengths, slice, segmentBytes);
	const total = totalOf(lengths, segmentBytes);
	const wanted =
		response.status === 206
			? `bytes ${span.start}-${span.end - 1}/${total}`
			: `${total}`;
	const given =
		response.status === 206
			? response.headers.get("content-range")
			: String(response.body?.length);
	const whole = span.start === 0 && span.end === total;
	if (given === wanted && (response.status === 206 || whole)) return;
	throw new DecryptionError(
		"stream-malformed",
		`the store answered ${response.status} with ${given} where ${wanted} was due`,
	);
}

/** The plaintext of the slice. Its beginning is proven when this resolves. @throws DecryptionError */
export function decrypt(answered: Answered): Promise<Body> {
	const { response, found, lengths, slice } = answered;
	const { record, dataKey } = found;
	const { segmentBytes } = record.format;
	const { parts } = spanOfSlice(lengths, slice, segmentBytes);
	const whole = {
		index: 0,
		plaintext: 0,
		span: undefined,
		headerAt: undefined,
	};
	const streams = (parts.length === 0 ? [whole] : parts).map((part) => ({
		dataKey,
		associatedData: partAssociatedData(record.nonce, 0, true),
		segmentBytes,
		plaintext: part.plaintext,
		...(part.span && { span: part.span }),
		...(part.headerAt !== undefined &&
			record.single && { header: record.single.header }),
	}));
	if (response.body === undefined) {
		throw new DecryptionError("stream-truncated", "the answer has no body");
	}
	return provenStart(
		through(response.body, slice.end - slice.start, (to) =>
			openStreams(streams, to),
		),
	);
}
