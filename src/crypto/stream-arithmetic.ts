/**
 * Lengths and offsets of one stream, in bytes: Tink's AES-GCM-HKDF streaming AEAD with 32-byte derived keys.
 * https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming; docs/format.md, "Stream".
 * `segmentBytes` is the plaintext of a full segment; the first one holds `headerBytes` less.
 */
export const headerBytes = 40;
export const tagBytes = 16;

/** The length of a stream without plaintext: its header and the tag of one empty segment. */
export const emptyStreamBytes = headerBytes + tagBytes;

/** How many segments a stream has: at least one. */
export function segmentCount(plaintext: number, segmentBytes: number): number {
	return Math.max(1, Math.ceil((plaintext + headerBytes) / segmentBytes));
}

export function ciphertextLength(
	plaintext: number,
	segmentBytes: number,
): number {
	return (
		headerBytes + plaintext + tagBytes * segmentCount(plaintext, segmentBytes)
	);
}

/** The inverse; `undefined` where no stream has that length. */
export function plaintextLength(
	ciphertext: number,
	segmentBytes: number,
): number | undefined {
	if (!Number.isSafeInteger(ciphertext) || ciphertext < emptyStreamBytes) {
		return undefined;
	}
	const segments = Math.ceil(ciphertext / (segmentBytes + tagBytes));
	const plaintext = ciphertext - headerBytes - tagBytes * segments;
	// The last segment is never empty, but for the only one of an empty stream.
	return ciphertextLength(plaintext, segmentBytes) === ciphertext
		? plaintext
		: undefined;
}

/** The segment that holds a byte of plaintext. */
export function segmentAt(offset: number, segmentBytes: number): number {
	return Math.floor((offset + headerBytes) / segmentBytes);
}

/** Consecutive segments of a stream and what of their plaintext is wanted. */
export interface Span {
	readonly first: number;
	readonly last: number;
	/** Ciphertext from here, behind the header where `first` is 0. */
	readonly start: number;
	/** Ciphertext up to here, exclusive. */
	readonly end: number;
	/** Plaintext bytes of the first segment that come before the range. */
	readonly skip: number;
	/** Plaintext bytes of the range. */
	readonly take: number;
}

/**
 * The fewest segments that hold the plaintext from `start` up to `end`, exclusive; 0 <= start <= end <= plaintext.
 * An empty range is one segment, which proves the place.
 * @param plaintext of the whole stream
 */
export function spanOf(
	start: number,
	end: number,
	plaintext: number,
	segmentBytes: number,
): Span {
	const final = segmentCount(plaintext, segmentBytes) - 1;
	const first = Math.min(segmentAt(start, segmentBytes), final);
	const last = Math.min(
		segmentAt(Math.max(start, end - 1), segmentBytes),
		final,
	);
	const cipherSegment = segmentBytes + tagBytes;
	return {
		first,
		last,
		start: first === 0 ? headerBytes : first * cipherSegment,
		end:
			last === final
				? ciphertextLength(plaintext, segmentBytes)
				: (last + 1) * cipherSegment,
		skip: start - Math.max(0, first * segmentBytes - headerBytes),
		take: end - start,
	};
}
