/**
 * CopyObject on one route: the data key is sealed anew under the new name, and the store copies the bytes. An object of
 * parts is copied part by part, so that its part table, its ETag's count and its ranges hold.
 */
import {
	bodyOf,
	type CopySource,
	childText,
	ciphertextLength,
	type Exchange,
	element,
	type HeaderMap,
	metadataHash,
	type Next,
	type Operation,
	parseCopySource,
	recordHeader,
	recordHeaderValue,
	renderCopySource,
	renderXml,
	type S3Request,
	type S3Response,
	SealgateError,
	sealRecord,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import { clientEtag, storeEtag } from "./etags.ts";
import { checkRoom, joinMetadata, withoutChecksums } from "./metadata.ts";
import { renderPartList } from "./part-list.ts";
import type { ObjectTable } from "./part-table.ts";
import { provenTableOf } from "./proven-tables.ts";
import { describe } from "./put-object.ts";
import { type FoundObject, openAnswer } from "./sealing.ts";
import { boundName, contextOf, type Envelope } from "./settings.ts";
import { changed, storedObject } from "./stored-object.ts";
import { checkUnmarked } from "./unmarked.ts";
import { documentOf, withDocument } from "./upload.ts";

interface Copying {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly source: CopySource;
	/** The answer to a HEAD of the source. */
	readonly seen: S3Response;
	readonly found: FoundObject;
}

export async function copyObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const source = parseCopySource(
		request.headers.get("x-amz-copy-source") ?? "",
	);
	const operation = sourceOperation(source);
	const conditions = sourceConditions(request.headers);
	const seen = await next({ operation, headers: conditions, body: undefined });
	if (seen.status !== 200) return refusedSource(request, next, seen);
	const found = await openAnswer(envelope, seen.headers, operation, exchange);
	if (found === undefined) {
		checkUnmarked(envelope, operation, exchange);
		throw new SealgateError(
			"policy-unsupported",
			"The source of the copy is not encrypted: read it and write it, so that it becomes so.",
		);
	}
	const copying = { envelope, request, next, exchange, source, seen, found };
	const headers = await targetHeaders(copying);
	if (found.record.single !== undefined) return copyWhole(copying, headers);
	const size = Number(seen.headers.get("content-length"));
	const asked = { ...request, operation };
	const stored = storedObject(asked, next, seen.headers, size);
	const table = await provenTableOf(envelope, found, stored);
	return copyParts(copying, headers, table);
}

function sourceOperation({ bucket, key, versionId }: CopySource): Operation {
	return {
		name: "HeadObject",
		method: "HEAD",
		bucket,
		key,
		query: versionId === undefined ? [] : [["versionId", versionId]],
	};
}

function sourceConditions(headers: HeaderMap): HeaderMap {
	const conditions = new Map<string, string>();
	for (const [name, value] of headers) {
		const condition = /^x-amz-copy-source-(if-.*)$/.exec(name)?.[1];
		if (condition === undefined) continue;
		const etags = condition.endsWith("match");
		conditions.set(condition, etags ? storeEtag(value) : value);
	}
	return conditions;
}

/** The store's own words about a source that it does not give: a HEAD has none. */
async function refusedSource(
	{ operation, headers }: S3Request,
	next: Next,
	seen: S3Response,
): Promise<S3Response> {
	if (seen.status === 304 || seen.status === 412) {
		throw new SealgateError(
			"precondition-failed",
			"At least one of the pre-conditions you specified did not hold",
		);
	}
	return next({
		operation,
		headers: withoutChecksums(headers),
		body: undefined,
	});
}

/** What the copy is stored with: the source's own description or the request's, and a record for its new name. */
async function targetHeaders(copying: Copying): Promise<HeaderMap> {
	const { envelope, request, seen, found, exchange } = copying;
	const replaces =
		request.headers.get("x-amz-metadata-directive")?.toUpperCase() ===
		"REPLACE";
	const others = withoutHeaders(
		request.headers,
		(name) =>
			name.startsWith("x-amz-copy-source") ||
			name === "x-amz-metadata-directive" ||
			(!replaces && isDescription(name)),
	);
	const own = replaces ? new Map<string, string>() : descriptionOf(seen, found);
	const described = describe(envelope, {
		...request,
		headers: new Map([...others, ...own]),
	});
	const { options, format, random, keys } = envelope;
	const name = boundName(envelope, request.operation);
	const objectScope = options.scope === "object";
	using wrapping = await keys.forSealing(
		options.keyId,
		contextOf(name, objectScope),
		0,
		exchange,
	);
	const { nonce, single, format: written = format } = found.record;
	const hash = options.bindMetadata && metadataHash(described.headers);
	const facts = {
		nonce,
		format: written,
		objectScope,
		...(single && { single }),
		...(hash && { metadataHash: hash }),
	};
	const checksums = [...found.metadata].filter(([header]) =>
		header.startsWith("x-amz-checksum-"),
	);
	const metadata = new Map([...described.metadata, ...checksums]);
	const dataKey = found.dataKey.export();
	try {
		const record = sealRecord(facts, dataKey, metadata, wrapping, name, random);
		const headers = withHeaders(described.headers, {
			[recordHeader]: recordHeaderValue(record),
		});
		checkRoom(headers);
		return headers;
	} finally {
		dataKey.fill(0);
	}
}

const description =
	/^(cache-control|content-(disposition|encoding|language|type)|expires|x-amz-meta-.*)$/;

function isDescription(name: string): boolean {
	return description.test(name);
}

function descriptionOf({ headers }: S3Response, found: FoundObject): HeaderMap {
	return withoutHeaders(
		joinMetadata(headers, found.metadata),
		(name) => !isDescription(name),
	);
}

/** This very version of the source: under an old record, a newer one would be lost data. */
function pinnedSource({ source, seen }: Copying): Record<string, string> {
	const versionId = source.versionId ?? seen.headers.get("x-amz-version-id");
	const etag = seen.headers.get("etag");
	return {
		"x-amz-copy-source": renderCopySource({ ...source, versionId }),
		...(etag === undefined ? {} : { "x-amz-copy-source-if-match": etag }),
	};
}

async function copyWhole(
	copying: Copying,
	stored: HeaderMap,
): Promise<S3Response> {
	const { request, next } = copying;
	const response = await next({
		...request,
		headers: withHeaders(stored, {
			...pinnedSource(copying),
			"x-amz-metadata-directive": "REPLACE",
		}),
	});
	if (response.status !== 200) return response;
	const document = await documentOf(response);
	const children = document.children
		.filter(({ name }) => !name.startsWith("Checksum"))
		.map((child) =>
			child.name === "ETag"
				? { ...child, text: clientEtag(child.text) }
				: child,
		);
	return withDocument(response, { ...document, children });
}

async function copyParts(
	copying: Copying,
	stored: HeaderMap,
	{ lengths, tail }: ObjectTable,
): Promise<S3Response> {
	const { request, next, found } = copying;
	const { segmentBytes } = found.record.format;
	const step = (
		name: Operation["name"],
		method: string,
		query: Operation["query"],
		headers: HeaderMap,
		body?: S3Request["body"],
	) =>
		next({
			operation: { ...request.operation, name, method, query },
			headers,
			body,
		});
	const created = await step(
		"CreateMultipartUpload",
		"POST",
		[["uploads", ""]],
		withoutHeaders(stored, (name) =>
			name.startsWith("x-amz-tagging-directive"),
		),
	);
	if (created.status !== 200) return created;
	const uploadId = childText(await documentOf(created), "UploadId") ?? "";
	try {
		const sizes = lengths.map((length) =>
			ciphertextLength(length, segmentBytes),
		);
		const etags: string[] = [];
		let start = 0;
		for (const size of tail === 0 ? sizes : [...sizes, tail]) {
			const copied = await step(
				"UploadPartCopy",
				"PUT",
				[
					["partNumber", String(etags.length + 1)],
					["uploadId", uploadId],
				],
				new Map(
					Object.entries({
						...pinnedSource(copying),
						"x-amz-copy-source-range": `bytes=${start}-${start + size - 1}`,
					}),
				),
			);
			const result =
				copied.status === 200 ? await documentOf(copied) : undefined;
			const etag = result && childText(result, "ETag");
			if (etag === undefined) throw changed(request);
			etags.push(etag.replaceAll('"', ""));
			start += size;
		}
		const done = await step(
			"CompleteMultipartUpload",
			"POST",
			[["uploadId", uploadId]],
			new Map(),
			bodyOf(renderPartList(etags)),
		);
		const result = done.status === 200 ? await documentOf(done) : undefined;
		const etag = result && childText(result, "ETag");
		if (etag === undefined) throw changed(request);
		return copied(done, etag);
	} catch (error) {
		await step(
			"AbortMultipartUpload",
			"DELETE",
			[["uploadId", uploadId]],
			new Map(),
		).catch(() => {});
		throw error;
	}
}

function copied(done: S3Response, etag: string): S3Response {
	const document = element(
		"CopyObjectResult",
		[
			element("LastModified", new Date().toISOString()),
			element("ETag", clientEtag(etag)),
		],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	const headers = withoutHeaders(
		withoutChecksums(done.headers),
		(name) => name === "content-length",
	);
	return { ...done, headers, body: bodyOf(renderXml(document)) };
}
