/** The end of a multipart upload: the part table is proven, and where no short part ends the object, a terminator does. */
import {
	bodyOf,
	children,
	childText,
	ciphertextLength,
	type Exchange,
	element,
	type Next,
	type OpenedToken,
	type Operation,
	type PartTable,
	plaintextLength,
	renderXml,
	type S3Request,
	type S3Response,
	SealgateError,
	sealTerminator,
	secretKey,
	terminatorPadding,
	withHeaders,
} from "../../src/index.ts";
import { clientEtag, withStoreConditions } from "./etags.ts";
import { withoutChecksums } from "./metadata.ts";
import {
	checkObjectSize,
	checkSizes,
	invalid,
	type ListedPart,
	readPartList,
	renderPartList,
	tableOf,
} from "./part-list.ts";
import { openAnswer } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { openUpload, withUploadId } from "./token.ts";
import { documentOf, isLast, withDocument } from "./upload.ts";

const objectSize = "x-amz-mp-object-size";

interface Completing {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly upload: OpenedToken;
}

export async function completeUpload(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const upload = await openUpload(envelope, request, exchange);
	const completing = { envelope, request, next, exchange, upload };
	const parts = readPartList(request.body?.content ?? Buffer.alloc(0), upload);
	const table = tableOf(parts, await statedLengths(completing, parts));
	checkSizes(table.lengths);
	checkObjectSize(request.headers.get(objectSize), table.lengths);
	const etags = parts.map(({ storeEtag }) => storeEtag);
	const sizes = table.lengths.map((length) =>
		ciphertextLength(length, envelope.format.segmentBytes),
	);
	if (!isLast(table.lengths.length, table.lengths.at(-1) as number)) {
		const end = await putTerminator(completing, table);
		if (!("etag" in end)) return answer(completing, end);
		etags.push(end.etag);
		sizes.push(end.size);
	}
	const size = sizes.reduce((sum, part) => sum + part, 0);
	const stated = request.headers.has(objectSize);
	const headers = withHeaders(
		withoutChecksums(withStoreConditions(request.headers)),
		stated ? { [objectSize]: String(size) } : {},
	);
	const response = await next({
		...withUploadId(request, upload.uploadId),
		headers,
		body: bodyOf(renderPartList(etags)),
	});
	return answer(completing, response);
}

/** Where the client names parts by the ETags of ListParts, the store says how long they are. */
async function statedLengths(
	{ envelope, request, next, upload }: Completing,
	parts: readonly ListedPart[],
): Promise<readonly number[]> {
	if (parts.every(({ length }) => length !== undefined)) return [];
	const lengths: number[] = [];
	let marker = "0";
	for (;;) {
		const operation: Operation = {
			...request.operation,
			name: "ListParts",
			method: "GET",
			query: [
				["uploadId", upload.uploadId],
				["part-number-marker", marker],
			],
		};
		const response = await next({
			operation,
			headers: new Map(),
			body: undefined,
		});
		if (response.status !== 200) throw noSuchUpload();
		const page = await documentOf(response);
		for (const part of children(page, "Part")) {
			const number = Number(childText(part, "PartNumber"));
			const size = Number(childText(part, "Size"));
			const length = plaintextLength(size, envelope.format.segmentBytes);
			if (length !== undefined) lengths[number - 1] = length;
		}
		marker = childText(page, "NextPartNumberMarker") ?? "";
		if (childText(page, "IsTruncated") !== "true" || marker === "") break;
	}
	const missing = parts.find(({ part }) => lengths[part - 1] === undefined);
	if (missing !== undefined) {
		throw invalid(`Part ${missing.part} was not uploaded.`);
	}
	return lengths;
}

async function putTerminator(
	{ envelope, request, next, upload }: Completing,
	table: PartTable,
): Promise<{ readonly etag: string; readonly size: number } | S3Response> {
	const { format, random } = envelope;
	const dataKey = secretKey(upload.dataKey);
	const end = { dataKey, nonce: upload.nonce, format };
	const padding = terminatorPadding(table.lengths, format.segmentBytes);
	const content = Buffer.concat([
		sealTerminator(end, table, random),
		Buffer.alloc(padding),
	]);
	const operation: Operation = {
		...request.operation,
		name: "UploadPart",
		method: "PUT",
		query: [
			["partNumber", String(table.lengths.length + 1)],
			["uploadId", upload.uploadId],
		],
	};
	const response = await next({
		operation,
		headers: new Map(),
		body: bodyOf(content),
	});
	const etag = response.headers.get("etag")?.replaceAll('"', "");
	if (response.status !== 200) return response;
	if (etag === undefined) throw invalid("The store took no terminator.");
	return { etag, size: content.length };
}

async function answer(
	completing: Completing,
	response: S3Response,
): Promise<S3Response> {
	if (response.status === 404) return completedBefore(completing, response);
	if (response.status !== 200) return response;
	const document = await documentOf(response);
	const shown = document.children
		.filter(({ name }) => !name.startsWith("Checksum"))
		.map((child) =>
			child.name === "ETag"
				? { ...child, text: clientEtag(child.text) }
				: child,
		);
	return withDocument(response, { ...document, children: shown });
}

/** A client that missed the first answer asks again: where the object is this upload's, it is told so. */
async function completedBefore(
	{ envelope, request, next, exchange, upload }: Completing,
	refused: S3Response,
): Promise<S3Response> {
	const { bucket = "", key = "" } = request.operation;
	const operation: Operation = {
		...request.operation,
		name: "HeadObject",
		method: "HEAD",
		query: [],
	};
	const seen = await next({ operation, headers: new Map(), body: undefined });
	if (seen.status !== 200) return refused;
	const found = await openAnswer(envelope, seen.headers, operation, exchange);
	const same = found?.record.nonce.equals(upload.nonce) === true;
	const etag = seen.headers.get("etag") ?? "";
	if (!same || found.record.single !== undefined) return refused;
	const result = element(
		"CompleteMultipartUploadResult",
		[element("Bucket", bucket), element("Key", key), element("ETag", etag)],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	return {
		status: 200,
		headers: new Map([["content-type", "application/xml"]]),
		body: bodyOf(renderXml(result)),
	};
}

function noSuchUpload(): SealgateError {
	return new SealgateError(
		"upload-unknown",
		"The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
	);
}
