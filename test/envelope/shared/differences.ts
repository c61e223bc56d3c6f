/** What clients may see differ between an envelope route and the store behind it. docs/envelope.md has the same table. */

export interface Difference {
	/** As in the docs. */
	readonly what: string;
	readonly why: string;
	/** Of the leaves of answers: `step headers.etag`, `step output.ETag`. */
	readonly places: RegExp;
	/** Absent: any. */
	readonly stores?: readonly string[];
}

export const differences: readonly Difference[] = [
	{
		what: "values of ETags",
		why: "of the ciphertext",
		places: / (headers\.etag|output\.(.*\.)?ETag)$/,
	},
];
