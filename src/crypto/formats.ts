/**
 * The format ids of `t1`. The segment size is part of the id: another size is another id, and readers keep all of them.
 * docs/format.md, "Formats"; docs/adr/0010-segment-size.md.
 */
export interface Format {
	/** One byte of the record. */
	readonly id: number;
	/** Plaintext bytes of a full segment behind the first; its ciphertext has 16 more. */
	readonly segmentBytes: number;
}

const kibibyte = 1_024;

/** What new objects are written in. */
export const defaultFormat: Format = { id: 1, segmentBytes: 64 * kibibyte };

export const formats: readonly Format[] = [
	defaultFormat,
	{ id: 2, segmentBytes: 256 * kibibyte },
	{ id: 3, segmentBytes: 1_024 * kibibyte },
];

export function formatById(id: number): Format | undefined {
	return formats.find((format) => format.id === id);
}
