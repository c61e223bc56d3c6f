/** The steps of a multipart upload before its end. Nothing is kept between them but what the token holds. */
import {
	bodyOf,
	childText,
	ciphertextLength,
	consuming,
	type Exchange,
	type Next,
	newStreamHeader,
	partAssociatedData,
	partEtag,
	plaintextLength,
	recordHeader,
	recordHeaderValue,
	type S3Request,
	type S3Response,
	SealgateError,
	sealStream,
	sealToken,
	secretKey,
	through,
	withHeaders,
	type XmlElement,
} from "../../src/index.ts";
import { documentOf, withDocument, withText } from "./documents.ts";
import { checkRoom, withoutChecksums } from "./metadata.ts";
import { checkSize, describe, nonceBytes } from "./put-object.ts";
import { sealNew } from "./sealing.ts";
import { boundName, contextOf, type Envelope } from "./settings.ts";
import {
	openUpload,
	partNumberOf,
	storeUploadId,
	withUploadId,
} from "./token.ts";

/** Every part but the last has at least as many bytes. So one that has fewer is the last. */
export const leastPart = 5 * 1024 ** 2;
export const mostParts = 10_000;

export async function createUpload(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { format, random, keys, options } = envelope;
	const { operation } = request;
	const described = describe(envelope, request);
	const nonce = random(nonceBytes);
	const { record, dataKey } = await sealNew(
		envelope,
		{ facts: { nonce }, ...described },
		operation,
		exchange,
	);
	const headers = withHeaders(described.headers, {
		[recordHeader]: recordHeaderValue(record),
	});
	checkRoom(headers);
	const response = await next({ ...request, headers });
	if (response.status !== 200) return response;
	const document = await documentOf(response);
	const uploadId = childText(document, "UploadId");
	if (uploadId === undefined) {
		throw new SealgateError(
			"upstream-broken",
			"The store began an upload without an id.",
		);
	}
	const name = boundName(envelope, operation);
	const { objectScope } = record;
	using wrapping = await keys.forSealing(
		options.keyId,
		contextOf(name, objectScope),
		0,
		exchange,
	);
	const bytes = dataKey.export();
	const upload = { dataKey: bytes, nonce, uploadId };
	const facts = { format, objectScope };
	const token = sealToken(upload, facts, wrapping, name, random);
	bytes.fill(0);
	return withDocument(response, withText(document, "UploadId", token));
}

export async function uploadPart(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { segmentBytes } = envelope.format;
	const part = partNumberOf(request);
	const plaintext = request.body?.length ?? 0;
	checkSize(plaintext, segmentBytes);
	const upload = await openUpload(envelope, request, exchange);
	const dataKey = secretKey(upload.dataKey);
	upload.dataKey.fill(0);
	const stream = {
		dataKey,
		header: newStreamHeader(envelope.random),
		associatedData: partAssociatedData(
			upload.nonce,
			part,
			isLast(part, plaintext),
		),
		segmentBytes,
		plaintext,
	};
	const body = through(
		request.body ?? bodyOf(""),
		ciphertextLength(plaintext, segmentBytes),
		(to) => consuming(sealStream(stream, to)),
	);
	const sent = withUploadId(request, upload.uploadId);
	const headers = withoutChecksums(request.headers);
	const response = await next({ ...sent, headers, body });
	const etag = response.headers.get("etag");
	if (response.status !== 200 || etag === undefined) return response;
	const storeEtag = etag.replaceAll('"', "");
	const attested = partEtag(upload, { part, length: plaintext, storeEtag });
	const claimed = request.body?.checksum;
	return {
		...response,
		headers: withHeaders(withoutChecksums(response.headers), {
			etag: `"${attested}"`,
			...(claimed && { [claimed.header]: claimed.value() }),
		}),
	};
}

/** Whether no part can follow it: then it ends the object itself. */
export function isLast(part: number, plaintext: number): boolean {
	return plaintext < leastPart || part === mostParts;
}

export async function listParts(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { segmentBytes } = envelope.format;
	const uploadId = await storeUploadId(envelope, request, exchange);
	const response = await next(withUploadId(request, uploadId));
	if (response.status !== 200) return response;
	const document = await documentOf(response);
	const given = request.operation.query.find(([name]) => name === "uploadId");
	const children = document.children.flatMap((child) => {
		if (child.name.startsWith("Checksum")) return [];
		return [child.name === "Part" ? listedPart(child, segmentBytes) : child];
	});
	const renamed = withText({ ...document, children }, "UploadId", given?.[1]);
	return withDocument(response, renamed);
}

function listedPart(part: XmlElement, segmentBytes: number): XmlElement {
	const size = Number(childText(part, "Size"));
	const children = part.children.filter(
		({ name }) => !name.startsWith("Checksum"),
	);
	const plaintext = plaintextLength(size, segmentBytes) ?? 0;
	return withText({ ...part, children }, "Size", String(plaintext));
}

export async function abortUpload(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const uploadId = await storeUploadId(envelope, request, exchange);
	return next(withUploadId(request, uploadId));
}
