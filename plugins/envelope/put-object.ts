/** PutObject: one stream, sealed as it flows. */
import {
	bodyOf,
	ciphertextLength,
	consuming,
	type Exchange,
	type HeaderMap,
	type Next,
	newStreamHeader,
	partAssociatedData,
	plaintextLength,
	recordHeader,
	recordHeaderValue,
	type S3Request,
	type S3Response,
	type SealedMetadata,
	SealgateError,
	sealStream,
	through,
	withHeaders,
} from "../../src/index.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { checkRoom, splitMetadata, withoutChecksums } from "./metadata.ts";
import { sealNew } from "./sealing.ts";
import type { Envelope } from "./settings.ts";

export const nonceBytes = 16;
/** The largest single PUT that S3 takes. */
export const mostCiphertext = 5 * 1024 ** 3;

export async function putObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { format, random } = envelope;
	const { segmentBytes } = format;
	const plaintext = request.body?.length ?? 0;
	checkSize(plaintext, segmentBytes);
	const described = describe(envelope, request);
	const nonce = random(nonceBytes);
	const header = newStreamHeader(random);
	const { record, dataKey } = await sealNew(
		envelope,
		{ facts: { nonce, single: { plaintext, header } }, ...described },
		request.operation,
		exchange,
	);
	const headers = withHeaders(described.headers, {
		[recordHeader]: recordHeaderValue(record),
	});
	checkRoom(headers);
	const associatedData = partAssociatedData(nonce, 0, true);
	const stream = { dataKey, header, associatedData, segmentBytes, plaintext };
	// Stores of files take no body under the name of a folder; the record proves that there is none. docs/format.md, "Objects".
	const bare = plaintext === 0 && request.operation.key?.endsWith("/");
	const body = bare
		? bodyOf("")
		: through(
				request.body ?? bodyOf(""),
				ciphertextLength(plaintext, segmentBytes),
				(to) => consuming(sealStream(stream, to)),
			);
	const response = await next({ ...request, headers, body });
	return {
		...response,
		headers: answered(response, plaintext, request.body?.checksum),
	};
}

/** The headers that the object is stored with, and what is sealed with its data key: no digest of the plaintext leaves. */
export function describe(
	{ options }: Envelope,
	request: S3Request,
): { readonly headers: HeaderMap; readonly metadata: SealedMetadata } {
	const { headers, sealed } = splitMetadata(
		withStoreConditions(withoutChecksums(request.headers)),
		options.sealMetadata,
	);
	const { checksum } = request.body ?? {};
	const metadata = new Map(sealed);
	if (checksum?.inHead !== undefined)
		metadata.set(checksum.header, checksum.inHead);
	// A default of the store's choice could not be authenticated.
	const typed = options.bindMetadata && !headers.has("content-type");
	return {
		headers: typed
			? withHeaders(headers, { "content-type": "binary/octet-stream" })
			: headers,
		metadata,
	};
}

/** Some stores say how long the object is that they wrote. */
const sizeHeader = "x-amz-object-size";

/** The headers of the answer to a write. */
export function answered(
	{ status, headers }: S3Response,
	plaintext: number,
	claimed: NonNullable<S3Request["body"]>["checksum"],
): HeaderMap {
	const size = headers.has(sizeHeader)
		? { [sizeHeader]: String(plaintext) }
		: {};
	const own = withHeaders(withClientEtag(withoutChecksums(headers)), size);
	if (status !== 200 || claimed === undefined) return own;
	return withHeaders(own, {
		[claimed.header]: claimed.value(),
		"x-amz-checksum-type": "FULL_OBJECT",
	});
}

export function checkSize(plaintext: number, segmentBytes: number): void {
	if (ciphertextLength(plaintext, segmentBytes) <= mostCiphertext) return;
	const most = plaintextLength(mostCiphertext, segmentBytes);
	throw new SealgateError(
		"object-too-large",
		`Your proposed upload exceeds the maximum allowed size: encrypted it would not fit the ${mostCiphertext} bytes that the store takes at once.`,
		{
			fields: {
				ProposedSize: String(plaintext),
				MaxSizeAllowed: String(most),
			},
		},
	);
}
