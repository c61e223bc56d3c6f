/** An object of parts, opened: all of it with its end proven, or a span of it. docs/format.md, "Objects". */
import { partAssociatedData } from "./associated-data.ts";
import { DecryptionError } from "./decryption-error.ts";
import type { ObjectSpan } from "./object-arithmetic.ts";
import {
	ciphertextLength,
	emptyStreamBytes,
	tagBytes,
} from "./stream-arithmetic.ts";
import { type OpenOptions, openStreams } from "./stream-opener.ts";
import type { Sink, Transform } from "./stream-sealer.ts";
import { type EndOfObject, openTerminator } from "./terminator.ts";

/** What ends the object, and where its parts do. A claim, until it is proven. */
export interface ObjectParts {
	/** Plaintext of the parts in order, without the terminator. */
	readonly lengths: readonly number[];
	/** Whether a terminator follows the parts; else the last of them ends the object. */
	readonly terminated: boolean;
}

/**
 * The streams behind a span, for `openStreams`.
 * @param header of the span's first part, where the fetched bytes do not hold it: `PartSpan.headerAt`
 */
export function* spanStreams(
	object: EndOfObject,
	parts: ObjectParts,
	span: ObjectSpan,
	header?: Buffer,
): Generator<OpenOptions> {
	for (const { index, plaintext, span: segments, headerAt } of span.parts) {
		yield {
			...streamOf(object, parts, index),
			plaintext,
			span: segments,
			...(headerAt !== undefined && header !== undefined && { header }),
		};
	}
}

/**
 * The whole object, from its first byte of ciphertext to its last. Ends only where the parts are proven: each by its own
 * segments, and that none is missing by the last part or the terminator. `data` and `end` throw DecryptionError.
 */
export function openWholeObject(
	object: EndOfObject,
	parts: ObjectParts,
	to: Sink,
): Transform {
	const { lengths, terminated } = parts;
	const { segmentBytes } = object.format;
	const opening = openStreams(wholeStreams(object, parts), to);
	let left = lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		0,
	);
	const most = terminated ? emptyStreamBytes + tagBytes * lengths.length : 0;
	const tail: Buffer[] = [];
	let tailBytes = 0;
	return {
		data(chunk) {
			const inside = chunk.subarray(0, left);
			left -= inside.length;
			const behind = chunk.subarray(inside.length);
			tailBytes += behind.length;
			if (tailBytes > most) {
				throw new DecryptionError("stream-overlong", "bytes follow the end");
			}
			if (behind.length > 0) tail.push(Buffer.from(behind));
			return inside.length === 0 || opening.data(inside);
		},
		end() {
			if (left === 0 && terminated) {
				openTerminator(object, lengths, Buffer.concat(tail));
			}
			opening.end();
		},
	};
}

function* wholeStreams(
	object: EndOfObject,
	parts: ObjectParts,
): Generator<OpenOptions> {
	for (const [index, plaintext] of parts.lengths.entries()) {
		yield { ...streamOf(object, parts, index), plaintext };
	}
}

function streamOf(
	{ dataKey, nonce, format }: EndOfObject,
	{ lengths, terminated }: ObjectParts,
	index: number,
) {
	const final = index === lengths.length - 1 && !terminated;
	return {
		dataKey,
		associatedData: partAssociatedData(nonce, index + 1, final),
		segmentBytes: format.segmentBytes,
	};
}
