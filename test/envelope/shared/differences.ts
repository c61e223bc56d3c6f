/** What clients may see differ between an envelope route and the store behind it. */

export interface Difference {
	readonly what: string;
	readonly why: string;
	/** Of the leaves of answers: `step headers.etag`, `step output.ETag`; of a refusal `step refused.output.Code`. */
	readonly places: RegExp;
}

/** By design. The docs have the same table; a test compares. */
export const differences: readonly Difference[] = [
	{
		what: "values of ETags",
		why: "they are of the ciphertext",
		places: / (refused\.)?(headers\.etag|output\.(.*\.)?ETag)$/,
	},
	{
		what: "checksums in answers",
		why: "the store's are of the ciphertext and never pass; only what a client sent with an object of one PUT, as a header, comes back",
		places: / (headers\.x-amz-checksum-|output\.(.*\.)?Checksum)/,
	},
	{
		what: "texts and details of refusals",
		why: "Sealgate's own words, where it refuses before the store does; status and code are the same",
		places:
			/ refused\.(output\.(?!name$|Code$)|headers\.(accept-ranges|last-modified)$)/,
	},
];

const sourceVersion: Difference = {
	what: "which version a copy read",
	why: "neither versitygw nor MinIO says it unless the copy named it",
	places:
		/^copy (with a lock|without a lock|locked parts) (headers\.x-amz-copy-source-version-id|output\.CopySourceVersionId)$/,
};

/** Where the store differs from S3, and the envelope route does as S3 does. */
export const ofStores: Readonly<Record<string, readonly Difference[]>> = {
	versitygw: [
		{
			what: "Content-Encoding: aws-chunked on GET",
			why: "versitygw keeps what is only of the transfer",
			places:
				/^get .* trailer (headers\.content-encoding|output\.ContentEncoding)$/,
		},
		{
			what: "the last bytes of nothing",
			why: "versitygw answers 200 where S3 answers 416",
			places: /^the last of nothing /,
		},
		{
			what: "attributes in one header",
			why: "versitygw refuses the list as the AWS SDK for JavaScript sends it",
			places: /^attributes (of upload )?/,
		},
		{
			what: "a copy under x-amz-copy-source-if-none-match",
			why: "versitygw answers 304 where S3 answers 412",
			places: /^copy if none of the ETag /,
		},
		{
			what: "parts out of order",
			why: "versitygw looks at the sizes first",
			places: /^complete out of order /,
		},
		sourceVersion,
	],
	minio: [
		sourceVersion,
		{
			what: "a range that ends before it begins",
			why: "MinIO answers 416; S3 gives the whole object, as RFC 9110 has it",
			places: /^range bytes=9-3 /,
		},
		{
			what: "the last bytes of nothing",
			why: "MinIO answers 206 where S3 answers 416",
			places: /^the last of nothing /,
		},
		{
			what: "the code of part 0",
			why: "MinIO's own: S3 says InvalidArgument",
			places: /^part 0 of upload refused\.output\./,
		},
		{
			what: "attributes in one header",
			why: "MinIO refuses the list as the AWS SDK for JavaScript sends it",
			places: /^attributes (of upload )?/,
		},
		{
			what: "Accept-Ranges",
			why: "MinIO says it of answers that are no object",
			places: / headers\.accept-ranges$/,
		},
		{
			what: "the code of a wrong checksum",
			why: "MinIO's own: S3 says BadDigest",
			places: /^a wrong checksum refused\.output\./,
		},
		{
			what: "Expires of a copy",
			why: "MinIO loses it; an envelope route hands it over",
			places:
				/^copy.*: got (headers\.expires(string)?|output\.Expires(String)?)$/,
		},
		{
			what: "Location",
			why: "MinIO writes the key without escapes",
			places: /^complete.* output\.Location$/,
		},
	],
};
