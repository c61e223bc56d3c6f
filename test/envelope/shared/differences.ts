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
	{
		what: "checksums in answers",
		why: "the store has the ciphertext's, and they never pass; what a client sent as a header comes back, what a client sent as a trailer, or with the parts of an upload, is proven and not kept",
		places: / (headers\.x-amz-checksum-|output\.(.*\.)?Checksum)/,
	},
	{
		what: "messages and details of errors",
		why: "Sealgate's words where it refuses itself; status and code are the same",
		places:
			/ output\.(message|MinSizeAllowed|ProposedSize|PartNumber|Condition|ArgumentName|ArgumentValue)$|^complete .* output\.UploadId$/,
	},
];
