/** What a client hears of an object of an S3 Encryption Client: its plaintext's length, and no word of the format. Pure. */
import {
	type HeaderMap,
	isS3ecMetadata,
	type S3Request,
	type S3Response,
	SealgateError,
	s3ecPlaintextLength,
	withHeaders,
	withoutHeaders,
} from "../../../src/index.ts";
import { ofCiphertext } from "../answered-headers.ts";
import { partCount, withClientEtag } from "../etags.ts";
import { joinMetadata } from "../metadata.ts";
import { unsupportedBy } from "../unsupported.ts";
import { overridesOf, type Slice, sliceOf, type Wanted } from "../wanted.ts";

/** @param size the plaintext's, in bytes */
export function answeredHeaders(
	request: S3Request,
	{ headers }: S3Response,
	size: number,
	slice: Slice,
): HeaderMap {
	const kept = withoutHeaders(
		withClientEtag(joinMetadata(headers, new Map())),
		(name) => ofCiphertext.test(name) || isS3ecMetadata(name),
	);
	return withHeaders(kept, {
		...overridesOf(request.operation),
		"content-length": String(slice.end - slice.start),
		"accept-ranges": "bytes",
		...(slice.partial && {
			"content-range": `bytes ${slice.start}-${slice.end - 1}/${size}`,
		}),
	});
}

/**
 * The plaintext that is wanted of an object, where it can be given: a part of it can be authenticated only with all of it.
 * @param size of the plaintext @param most plaintext of which a part is given, in bytes
 * @throws SealgateError `policy-unsupported`, and what `sliceOf` throws
 */
export function sliceWithin(
	wanted: Wanted,
	size: number,
	most: number,
	headers: HeaderMap,
): Slice {
	if (wanted.kind === "part" && partCount(headers.get("etag") ?? "") > 1) {
		throw unsupportedBy("partNumber");
	}
	const slice = sliceOf(wanted, [size]);
	if (!slice.partial || size <= most) return slice;
	if (slice.end - slice.start === size) return slice;
	throw new SealgateError(
		"policy-unsupported",
		`A header you provided implies functionality that is not implemented: a range of an object of more than ${most} bytes in a format of the S3 Encryption Clients, which can be authenticated only as a whole. Read all of it, or write it in the format t1.`,
	);
}

/** @throws DecryptionError `stream-malformed` */
export function sizeIn({ headers, body }: S3Response): number {
	const told = body?.length ?? Number(headers.get("content-length"));
	return s3ecPlaintextLength(told);
}
