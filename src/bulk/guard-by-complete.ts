/**
 * Where a store looks at If-Match on CompleteMultipartUpload and not on CopyObject: a guarded copy is an upload of one
 * part, copied by the store, whose end is under the condition.
 */
import { bodyOf } from "../http/body.ts";
import {
	type HeaderMap,
	withHeaders,
	withoutHeaders,
} from "../http/headers.ts";
import type { Handler, Layer, S3Request, S3Response } from "../pipeline.ts";
import {
	type CopySource,
	parseCopySource,
	replaces,
} from "../s3/copy-source.ts";
import type { Operation } from "../s3/operation.ts";
import { taggingHeader } from "../s3/tag-set.ts";
import { childText, element, renderXml } from "../s3/xml.ts";
import { documentOf } from "./ask.ts";

/** Innermost: what it sees is what would leave for the store. */
export function guardByComplete(): Layer {
	return (next) => async (request, exchange) => {
		const { operation, headers } = request;
		const condition = headers.get("if-match");
		if (operation.name !== "CopyObject" || condition === undefined)
			return next(request, exchange);
		const send: Send = (name, method, query, headers, body) =>
			next(
				{
					operation: { ...operation, name, method, query },
					headers,
					body: body === undefined ? undefined : bodyOf(body),
				},
				exchange,
			);
		return await copyByPart(request, condition, send, (request) =>
			next(request, exchange),
		);
	};
}

type Send = (
	name: Operation["name"],
	method: string,
	query: Operation["query"],
	headers: HeaderMap,
	body?: string,
) => Promise<S3Response>;

async function copyByPart(
	{ headers }: S3Request,
	condition: string,
	send: Send,
	ask: (request: S3Request) => ReturnType<Handler>,
): Promise<S3Response> {
	const source = parseCopySource(headers.get("x-amz-copy-source") ?? "");
	const ofPart = withoutHeaders(headers, (name) => !partHeader.test(name));
	const ofObject = withoutHeaders(
		headers,
		(name) =>
			name.startsWith("x-amz-copy-source") ||
			name.endsWith("-directive") ||
			name === "if-match",
	);
	const tags = replaces(headers, "tagging") ? {} : await tagsOf(source, ask);
	const created = await send(
		"CreateMultipartUpload",
		"POST",
		[["uploads", ""]],
		withHeaders(ofObject, tags),
	);
	if (created.status !== 200) return created;
	const upload = await documentOf(created, "an upload");
	const id = [
		"uploadId",
		(upload && childText(upload, "UploadId")) ?? "",
	] as const;
	let done = false;
	try {
		const query = [["partNumber", "1"], id] as const;
		const copied = await send("UploadPartCopy", "PUT", query, ofPart);
		if (copied.status !== 200) return copied;
		const part = await documentOf(copied, `the copy of ${source.key}`);
		const list = element("CompleteMultipartUpload", [
			element("Part", [
				element("PartNumber", 1),
				element("ETag", (part && childText(part, "ETag")) ?? ""),
			]),
		]);
		const ended = await send(
			"CompleteMultipartUpload",
			"POST",
			[id],
			new Map([["if-match", condition]]),
			renderXml(list),
		);
		if (ended.status !== 200) return ended;
		const result = await documentOf(ended, `the copy of ${source.key}`);
		done = true;
		return answer(ended, (result && childText(result, "ETag")) ?? "");
	} finally {
		// What it fails with would hide why the copy did; the bucket's lifecycle clears what is left.
		if (!done)
			await send("AbortMultipartUpload", "DELETE", [id], new Map()).catch(
				() => undefined,
			);
	}
}

const partHeader =
	/^x-amz-(copy-source.*|source-expected-bucket-owner|expected-bucket-owner|request-payer)$/;

async function tagsOf(
	{ bucket, key, versionId }: CopySource,
	ask: (request: S3Request) => ReturnType<Handler>,
): Promise<Record<string, string>> {
	const response = await ask({
		operation: {
			name: "GetObjectTagging",
			method: "GET",
			bucket,
			key,
			query: [
				["tagging", ""],
				...(versionId === undefined ? [] : [["versionId", versionId] as const]),
			],
		},
		headers: new Map(),
		body: undefined,
	});
	const document = await documentOf(response, `the tags of ${key}`);
	const tags = document === undefined ? "" : taggingHeader(renderXml(document));
	return tags === "" ? {} : { "x-amz-tagging": tags };
}

function answer(ended: S3Response, etag: string): S3Response {
	const document = element("CopyObjectResult", [
		element("LastModified", new Date().toISOString()),
		element("ETag", etag),
	]);
	const headers = withoutHeaders(
		ended.headers,
		(name) => name === "content-length",
	);
	return { ...ended, headers, body: bodyOf(renderXml(document)) };
}
