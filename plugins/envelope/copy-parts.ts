/** An object of parts is copied part by part, so that its part table, its ETag's count and its ranges hold. */
import {
	type Body,
	bodyOf,
	childText,
	ciphertextLength,
	element,
	type HeaderMap,
	type Operation,
	renderXml,
	type S3Response,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import { type Copying, pinnedSource } from "./copy-source.ts";
import { copiedTags } from "./copy-tags.ts";
import { documentOf } from "./documents.ts";
import { clientEtag } from "./etags.ts";
import { withoutChecksums } from "./metadata.ts";
import { renderPartList } from "./part-list.ts";
import type { ObjectTable } from "./part-table.ts";
import { changed, companionsOf } from "./stored-object.ts";

/** Conditions of the destination: the store looks at them when the object comes into being. */
const condition = /^if-(none-)?match$/;

/** What the request says of tags counts as its directive has it: `copiedTags` tells. */
const ofTags = /^x-amz-tagging(-directive)?$/;

type Step = (
	name: Operation["name"],
	method: string,
	query: Operation["query"],
	headers: HeaderMap,
	body?: Body,
) => Promise<S3Response>;

/** @param stored headers that the copy is to have */
export async function copyParts(
	copying: Copying,
	stored: HeaderMap,
	table: ObjectTable,
): Promise<S3Response> {
	const { request, next } = copying;
	const step: Step = (name, method, query, headers, body) =>
		next({
			operation: { ...request.operation, name, method, query },
			headers,
			body,
		});
	const created = await step(
		"CreateMultipartUpload",
		"POST",
		[["uploads", ""]],
		withHeaders(
			withoutHeaders(
				stored,
				(name) => condition.test(name) || ofTags.test(name),
			),
			await copiedTags(copying),
		),
	);
	if (created.status !== 200) return created;
	const uploadId = childText(await documentOf(created), "UploadId") ?? "";
	const id: [string, string] = ["uploadId", uploadId];
	let done: S3Response | undefined;
	try {
		const etags = await eachPart(copying, table, id, step);
		if ("status" in etags) return etags;
		const companions = companionsOf(request.headers);
		const conditions = withoutHeaders(stored, (name) => !condition.test(name));
		done = await step(
			"CompleteMultipartUpload",
			"POST",
			[id],
			new Map([...companions, ...conditions]),
			bodyOf(renderPartList(etags)),
		);
		if (done.status !== 200) return done;
		const result = await documentOf(done);
		const etag = childText(result, "ETag");
		if (etag === undefined) throw changed(request);
		return copied(copying, done, etag);
	} finally {
		if (done?.status !== 200) {
			// What it fails with would hide why the copy did; the bucket's lifecycle clears what is left.
			await step("AbortMultipartUpload", "DELETE", [id], new Map()).catch(
				() => undefined,
			);
		}
	}
}

/** The ETags of the parts, or the store's refusal of one. @throws SealgateError where the source is another by now */
async function eachPart(
	copying: Copying,
	{ lengths, tail }: ObjectTable,
	id: [string, string],
	step: Step,
): Promise<string[] | S3Response> {
	const { request, found } = copying;
	const { segmentBytes } = found.record.format;
	const sizes = lengths.map((length) => ciphertextLength(length, segmentBytes));
	const etags: string[] = [];
	let start = 0;
	for (const size of tail === 0 ? sizes : [...sizes, tail]) {
		const range = `bytes=${start}-${start + size - 1}`;
		const headers = withHeaders(companionsOf(request.headers), {
			...pinnedSource(copying),
			"x-amz-copy-source-range": range,
		});
		const number = String(etags.length + 1);
		const query: Operation["query"] = [["partNumber", number], id];
		const answer = await step("UploadPartCopy", "PUT", query, headers);
		if (answer.status === 412) throw changed(request);
		if (answer.status !== 200) return answer;
		const etag = childText(await documentOf(answer), "ETag");
		if (etag === undefined) throw changed(request);
		etags.push(etag.replaceAll('"', ""));
		start += size;
	}
	return etags;
}

function copied({ seen }: Copying, done: S3Response, etag: string): S3Response {
	const document = element(
		"CopyObjectResult",
		[
			element("LastModified", new Date().toISOString()),
			element("ETag", clientEtag(etag)),
		],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	const version = seen.headers.get("x-amz-version-id");
	const headers = withHeaders(
		withoutHeaders(
			withoutChecksums(done.headers),
			(name) => name === "content-length",
		),
		version === undefined ? {} : { "x-amz-copy-source-version-id": version },
	);
	return { ...done, headers, body: bodyOf(renderXml(document)) };
}
