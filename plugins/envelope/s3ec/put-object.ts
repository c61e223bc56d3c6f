/** PutObject in the S3 Encryption Clients' formats: one GCM message, sealed as it flows under a data key of its own. */
import {
	bodyOf,
	type ContentCipher,
	consuming,
	type Exchange,
	type HeaderMap,
	isS3ecMetadata,
	mostS3ecPlaintext,
	type Next,
	newS3ecRecord,
	type S3ecFormat,
	type S3Request,
	type S3Response,
	SealgateError,
	s3ecCiphertextLength,
	s3ecContext,
	s3ecPlaintextLength,
	sealWhole,
	through,
	withHeaders,
	writeS3ecFields,
} from "../../../src/index.ts";
import { withStoreConditions } from "../etags.ts";
import { checkRoom, splitMetadata, withoutChecksums } from "../metadata.ts";
import { answered, mostCiphertext } from "../put-object.ts";
import type { Envelope } from "../settings.ts";

/** @param format that the route writes */
export async function putObject(
	format: S3ecFormat,
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { options } = envelope;
	const plaintext = request.body?.length ?? 0;
	checkSize(plaintext);
	// The format has no place for them but in the clear: they are left out.
	const { headers: kept } = splitMetadata(
		withStoreConditions(withoutChecksums(request.headers)),
		options.sealMetadata,
	);
	const { fields, content } = await newContent(format, envelope, exchange);
	const headers = withHeaders(kept, fields);
	checkRoom(headers, isS3ecMetadata);
	const body = through(
		request.body ?? bodyOf(""),
		s3ecCiphertextLength(plaintext),
		(to) => consuming(sealWhole(content, plaintext, to)),
	);
	const response = await next({ ...request, headers, body });
	return {
		...response,
		headers: answered(response, plaintext, request.body?.checksum),
	};
}

async function newContent(
	format: S3ecFormat,
	{ options, keys, random }: Envelope,
	exchange: Exchange,
): Promise<{
	readonly fields: Record<string, string>;
	readonly content: ContentCipher;
}> {
	const context = s3ecContext(format, options.s3ec.context);
	using key = await keys.forOneObject(options.keyId, context, exchange);
	const wrapped = { wrappedKey: key.wrapped, context };
	const { record, content } = newS3ecRecord(format, key.key, wrapped, random);
	return { fields: headersOf(writeS3ecFields(record)), content };
}

/** The fields of a record as headers. */
export function headersOf(
	fields: ReadonlyMap<string, string>,
): Record<string, string> {
	return Object.fromEntries(
		[...fields].map(([name, value]) => [`x-amz-meta-${name}`, value]),
	);
}

/** What `explain` shows in place of a record. */
export function explainedHeaders(headers: HeaderMap): HeaderMap {
	return withHeaders(headers, {
		"x-amz-meta-x-amz-…": "(the record of an S3 Encryption Client)",
	});
}

/** @throws SealgateError `policy-unsupported` */
function checkSize(plaintext: number): void {
	const most = Math.min(
		mostCiphertext,
		s3ecCiphertextLength(mostS3ecPlaintext),
	);
	if (s3ecCiphertextLength(plaintext) <= most) return;
	throw new SealgateError(
		"policy-unsupported",
		`A header you provided implies functionality that is not implemented: an object of ${plaintext} bytes in a format of the S3 Encryption Clients, which has to come in one PUT of at most ${s3ecPlaintextLength(most)} bytes. The format t1 takes parts.`,
	);
}
