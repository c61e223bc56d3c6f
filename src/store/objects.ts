/** Reading, writing, copying and deleting single objects. */
import { createHash, randomBytes } from "node:crypto";
import { bodyOf } from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { evaluateConditions } from "../s3/conditions.ts";
import { type CopySource, parseCopySource } from "../s3/copy-source.ts";
import { queryValue } from "../s3/operation.ts";
import { parseRange } from "../s3/range.ts";
import { element, renderXml } from "../s3/xml.ts";
import {
	algorithmFor,
	checksumHeaders,
	claimedAlgorithm,
	wholeChecksum,
} from "./checksums.ts";
import { StoreError } from "./errors.ts";
import type { Files, StoredObject } from "./files.ts";
import { tagsOf } from "./tagging.ts";

export const namespace = { xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" };

const kept =
	/^(content-type|content-encoding|content-disposition|content-language|cache-control|expires|x-amz-meta-.*|x-amz-storage-class|x-amz-website-redirect-location)$/;
const encryption = "x-amz-server-side-encryption";

export function document(
	status: number,
	root: Parameters<typeof renderXml>[0],
	headers: Record<string, string> = {},
): S3Response {
	return {
		status,
		headers: new Map([
			["content-type", "application/xml"],
			...Object.entries(headers),
		]),
		body: bodyOf(renderXml(root)),
	};
}

export function empty(
	status: number,
	headers: Record<string, string> = {},
): S3Response {
	return { status, headers: new Map(Object.entries(headers)), body: undefined };
}

export function bucketOf(
	files: Files,
	bucket: string | undefined,
): Map<string, StoredObject> {
	const objects = files.buckets.get(bucket ?? "");
	if (objects === undefined)
		throw new StoreError("NoSuchBucket", { BucketName: bucket ?? "" });
	return objects;
}

export function objectOf(
	files: Files,
	bucket: string | undefined,
	key: string | undefined,
): StoredObject {
	const object = bucketOf(files, bucket).get(key ?? "");
	if (object === undefined)
		throw new StoreError("NoSuchKey", { Key: key ?? "" });
	return object;
}

/** What a write asks the store to keep and answer on reads. */
export function headersToKeep(headers: HeaderMap): Record<string, string> {
	const found = [...headers].filter(([name]) => kept.test(name));
	return {
		"content-type": "binary/octet-stream",
		...Object.fromEntries(found),
		...encryptionOf(headers),
	};
}

/** The encryption that S3 would answer for what a write asks; AES256 by default, as on AWS since 2023. */
export function encryptionOf(headers: HeaderMap): Record<string, string> {
	const algorithm = headers.get(encryption) ?? "AES256";
	if (headers.has(`${encryption}-customer-algorithm`))
		throw new StoreError("NotImplemented");
	if (!["AES256", "aws:kms", "aws:kms:dsse"].includes(algorithm)) {
		throw new StoreError("InvalidEncryptionAlgorithmError", {
			ArgumentName: encryption,
			ArgumentValue: algorithm,
		});
	}
	if (algorithm === "AES256") return { [encryption]: algorithm };
	const keyId = headers.get(`${encryption}-aws-kms-key-id`) ?? "alias/aws/s3";
	const context = headers.get(`${encryption}-context`);
	const bucketKey = headers.get(`${encryption}-bucket-key-enabled`);
	return {
		[encryption]: algorithm,
		[`${encryption}-aws-kms-key-id`]: keyId.startsWith("arn:")
			? keyId
			: `arn:aws:kms:us-east-1:111122223333:${keyId.startsWith("alias/") ? "" : "key/"}${keyId}`,
		...(context === undefined ? {} : { [`${encryption}-context`]: context }),
		...(bucketKey === "true"
			? { [`${encryption}-bucket-key-enabled`]: "true" }
			: {}),
	};
}

/** Under the key service an ETag is no MD5. */
export function etagOf(
	md5: string,
	headers: Readonly<Record<string, string>>,
): string {
	if (headers[encryption] === "AES256") return md5;
	return createHash("md5").update(md5).update(randomBytes(16)).digest("hex");
}

export function answeredEncryption(
	headers: Readonly<Record<string, string>>,
): Record<string, string> {
	return Object.fromEntries(
		Object.entries(headers).filter(([name]) => name.startsWith(encryption)),
	);
}

export async function putObject(
	files: Files,
	request: S3Request,
): Promise<S3Response> {
	const { bucket = "", key = "" } = request.operation;
	const objects = bucketOf(files, bucket);
	checkWriteConditions(request.headers, objects.get(key));
	const headers = headersToKeep(request.headers);
	const tags = tagsOf(request.headers);
	const algorithm = algorithmFor(request);
	const written = await files.write(request.body, algorithm);
	const checksum = wholeChecksum(algorithm, written);
	const stored = await files.publish(
		bucket,
		{
			key,
			size: written.size,
			etag: etagOf(written.md5, headers),
			modified: new Date().toISOString(),
			headers,
			tags,
			checksum,
		},
		written.file,
	);
	return empty(200, {
		etag: `"${stored.etag}"`,
		...checksumHeaders(checksum),
		...answeredEncryption(headers),
	});
}

/** @throws StoreError where a condition does not hold */
export function checkWriteConditions(
	headers: HeaderMap,
	before: StoredObject | undefined,
): void {
	check("write", headers, before);
}

/** Whether a read may answer with nothing new. @throws StoreError where a condition does not hold */
function check(
	kind: "read" | "copy" | "write",
	headers: HeaderMap,
	object: StoredObject | undefined,
): "proceed" | "not-modified" {
	const state = object && {
		etag: object.etag,
		lastModified: new Date(object.modified),
	};
	const outcome = evaluateConditions(kind, headers, state, new Date());
	if (typeof outcome === "string") return outcome;
	throw new StoreError("PreconditionFailed", { Condition: outcome.failed });
}

export function getObject(files: Files, request: S3Request): S3Response {
	const { bucket = "", key, query, method } = request.operation;
	for (const name of [encryption, `${encryption}-aws-kms-key-id`]) {
		if (request.headers.has(name))
			throw new StoreError("InvalidArgument", { ArgumentName: name });
	}
	const object = objectOf(files, bucket, key);
	const facts: Record<string, string> = {
		...object.headers,
		etag: `"${object.etag}"`,
		"last-modified": new Date(object.modified).toUTCString(),
		"accept-ranges": "bytes",
		...(object.tags?.length
			? { "x-amz-tagging-count": String(object.tags.length) }
			: {}),
	};
	if (check("read", request.headers, object) === "not-modified") {
		return empty(304, {
			etag: `"${object.etag}"`,
			"last-modified": facts["last-modified"] as string,
		});
	}
	for (const [name, value] of query) {
		if (name.startsWith("response-"))
			facts[name.slice("response-".length)] = value;
	}
	const { start, end, partial } = rangeOf(
		object,
		request.headers.get("range"),
		queryValue(query, "partNumber"),
		facts,
	);
	const asks = request.headers.get("x-amz-checksum-mode") === "ENABLED";
	if (asks && !partial) Object.assign(facts, checksumHeaders(object.checksum));
	if (partial) facts["content-range"] = `bytes ${start}-${end}/${object.size}`;
	facts["content-length"] = String(end - start + 1);
	const body =
		method === "HEAD" ? undefined : files.read(bucket, object, start, end);
	return {
		status: partial ? 206 : 200,
		headers: new Map(Object.entries(facts)),
		body,
	};
}

function rangeOf(
	object: StoredObject,
	range: string | undefined,
	partNumber: string | undefined,
	facts: Record<string, string>,
): { start: number; end: number; partial: boolean } {
	if (partNumber !== undefined) {
		const parts = object.parts ?? [object.size];
		const index = Number(partNumber) - 1;
		const size = parts[index];
		if (size === undefined)
			throw new StoreError("InvalidRange", {
				ActualObjectSize: String(object.size),
			});
		if (object.parts !== undefined)
			facts["x-amz-mp-parts-count"] = String(parts.length);
		const start = parts.slice(0, index).reduce((sum, part) => sum + part, 0);
		return { start, end: start + size - 1, partial: true };
	}
	const outcome =
		range === undefined ? "ignored" : parseRange(range, object.size);
	if (outcome === "ignored")
		return { start: 0, end: object.size - 1, partial: false };
	if (outcome === "unsatisfiable") {
		throw new StoreError("InvalidRange", {
			RangeRequested: range as string,
			ActualObjectSize: String(object.size),
		});
	}
	return { ...outcome, partial: true };
}

/** The object that a copy reads. @throws StoreError where it is not there, or a condition of the copy does not hold */
export function copySourceOf(
	files: Files,
	headers: HeaderMap,
): { from: CopySource; source: StoredObject } {
	const from = parseCopySource(headers.get("x-amz-copy-source") ?? "");
	if (from.versionId !== undefined) throw new StoreError("NotImplemented");
	const source = objectOf(files, from.bucket, from.key);
	check("copy", headers, source);
	return { from, source };
}

export async function copyObject(
	files: Files,
	request: S3Request,
): Promise<S3Response> {
	const { bucket = "", key = "" } = request.operation;
	checkWriteConditions(request.headers, bucketOf(files, bucket).get(key));
	const { from, source } = copySourceOf(files, request.headers);
	const retag = request.headers.get("x-amz-tagging-directive") === "REPLACE";
	const replace = request.headers.get("x-amz-metadata-directive") === "REPLACE";
	const own = Object.fromEntries(
		Object.entries(source.headers).filter(
			([name]) => !name.startsWith(encryption),
		),
	);
	const headers = replace
		? headersToKeep(request.headers)
		: { ...own, ...encryptionOf(request.headers) };
	const algorithm =
		claimedAlgorithm(request) ?? source.checksum?.algorithm ?? "crc64nvme";
	const written = await files.write(
		files.read(from.bucket, source, 0, source.size - 1),
		algorithm,
	);
	const checksum = wholeChecksum(algorithm, written);
	const stored = await files.publish(
		bucket,
		{
			key,
			size: written.size,
			etag: etagOf(written.md5, headers),
			modified: new Date().toISOString(),
			headers,
			checksum,
			tags: retag ? tagsOf(request.headers) : (source.tags ?? []),
		},
		written.file,
	);
	const result = element(
		"CopyObjectResult",
		[
			element("LastModified", stored.modified),
			element("ETag", `"${stored.etag}"`),
			element(`Checksum${algorithm.toUpperCase()}`, checksum.value),
			element("ChecksumType", checksum.type),
		],
		namespace,
	);
	return document(200, result, answeredEncryption(headers));
}
