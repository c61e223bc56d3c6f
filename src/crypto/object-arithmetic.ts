/**
 * Lengths and offsets of an object whose parts are streams, one behind the other, in bytes.
 * docs/format.md, "Objects" and "Sizes in listings".
 */
import {
	ciphertextLength,
	headerBytes,
	type Span,
	spanOf,
	tagBytes,
} from "./stream-arithmetic.ts";

/** What of one part a range needs. */
export interface PartSpan {
	/** 0 for the first part. */
	readonly index: number;
	/** Plaintext of the whole part. */
	readonly plaintext: number;
	readonly span: Span;
	/** The object's offset of the part's header where the fetched bytes do not hold it: only ever of the first part. */
	readonly headerAt: number | undefined;
}

export interface ObjectSpan {
	/** Ciphertext of the object from here. */
	readonly start: number;
	/** Up to here, exclusive. */
	readonly end: number;
	readonly parts: readonly PartSpan[];
}

/**
 * The ciphertext that one request fetches for the plaintext from `start` up to `end`, exclusive; start < end.
 * @param lengths plaintext of the parts in order, without the terminator
 */
export function objectSpan(
	lengths: readonly number[],
	start: number,
	end: number,
	segmentBytes: number,
): ObjectSpan {
	const parts: PartSpan[] = [];
	let plainAt = 0;
	let cipherAt = 0;
	let from = 0;
	let to = 0;
	for (const [index, plaintext] of lengths.entries()) {
		const first = Math.max(0, start - plainAt);
		const last = Math.min(plaintext, end - plainAt);
		if (first < last) {
			const span = spanOf(first, last, plaintext, segmentBytes);
			const inside = span.first > 0;
			if (parts.length === 0) from = cipherAt + (inside ? span.start : 0);
			to = cipherAt + span.end;
			const headerAt = inside ? cipherAt : undefined;
			parts.push({ index, plaintext, span, headerAt });
		}
		plainAt += plaintext;
		cipherAt += ciphertextLength(plaintext, segmentBytes);
	}
	return { start: from, end: to, parts };
}

/**
 * What a listing shows: the plaintext of an object of `ciphertext` bytes in `parts` parts, its terminator counted.
 * Exact where all parts but the last hold whole segments, and wherever a terminator was padded as below; otherwise up
 * to 16 bytes for each part too low. Never below 0.
 */
export function derivedPlaintext(
	ciphertext: number,
	parts: number,
	segmentBytes: number,
): number {
	const joined = ciphertext - (headerBytes + tagBytes) * (parts - 1);
	const segments = Math.ceil(joined / (segmentBytes + tagBytes));
	return Math.max(0, joined - headerBytes - tagBytes * segments);
}

/**
 * How many zero bytes follow the terminator's 56, so that `derivedPlaintext` is exact for parts of any length.
 * At most 16 for each part; 0 where the parts' last segments are so short that the object is too long already, and
 * `derivedPlaintext` some 16 bytes too high.
 */
export function terminatorPadding(
	lengths: readonly number[],
	segmentBytes: number,
): number {
	const plaintext = lengths.reduce((sum, length) => sum + length, 0);
	const ciphertext = lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		ciphertextLength(0, segmentBytes),
	);
	const wanted =
		ciphertextLength(plaintext, segmentBytes) +
		(headerBytes + tagBytes) * lengths.length;
	return Math.max(0, wanted - ciphertext);
}
