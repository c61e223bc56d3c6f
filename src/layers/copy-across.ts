/** A copy between two upstreams: read from one and written to the other, streamed, under the policies of both routes. */
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type Body, bodyOf, discard, readAll } from "../http/body.ts";
import { type HeaderMap, withoutHeaders } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { type CopySource, replaces } from "../s3/copy-source.ts";
import type { Operation } from "../s3/operation.ts";
import type { OperationName } from "../s3/operations.ts";
import { taggingHeader } from "../s3/tag-set.ts";
import { element, renderXml } from "../s3/xml.ts";
import { answerMeanwhile } from "./keep-alive.ts";
import { refuseForeignOrders } from "./ways-past.ts";

/** Sends a request through a route's policies to its upstream. */
export type Send = (request: S3Request) => Promise<S3Response>;

/** AWS, API reference of CopyObject: a larger object is copied by parts. */
const largestSource = 5 * 1024 ** 3;
/** Bytes of ten tags, the most that an object has, of 128 and 256 characters, escaped. */
const taggingBytes = 64 * 1024;

/** What an object keeps of itself when it is copied. */
const described = new Set([
	"cache-control",
	"content-disposition",
	"content-encoding",
	"content-language",
	"content-type",
	"expires",
	"x-amz-website-redirect-location",
]);

/** What a copy's directives are about. */
const directed = ["metadata", "tagging"] as const;

/** What a copy answers of the object that was written. */
const answered =
	/^x-amz-(version-id|server-side-encryption.*|expiration|request-id|id-2|request-charged)$/;

/** A failure that comes late is an answer whose status has left before. */
export function copyAcross(
	request: S3Request,
	source: CopySource,
	exchange: Exchange,
	read: Send,
	write: Send,
): Promise<S3Response> {
	return answerMeanwhile(copy(request, source, read, write), exchange);
}

async function copy(
	request: S3Request,
	source: CopySource,
	read: Send,
	write: Send,
): Promise<S3Response> {
	const { headers } = request;
	const isPart = request.operation.name === "UploadPartCopy";
	if (!isPart) for (const what of directed) replaces(headers, what);
	const found = await read({
		operation: sourceOperation("GetObject", source),
		headers: readHeaders(headers),
		body: undefined,
	}).catch((error: unknown) => {
		throw refusedHere(error, headers);
	});
	if (found.status === 304 || found.status >= 400 || !found.body) {
		return refusal(found, source, headers);
	}
	const content = held(found.body);
	try {
		checkLength(found.body.length);
		checkRange(headers.get("x-amz-copy-source-range"), found);
		const kept: Map<string, string> = isPart
			? new Map()
			: describedBy(found, headers);
		refuseForeignOrders(kept);
		if (!isPart && wantsTags(found, headers)) {
			kept.set("x-amz-tagging", await tagsOf(source, read));
		}
		const written = await write({
			operation: {
				...request.operation,
				name: isPart ? "UploadPart" : "PutObject",
			},
			headers: new Map([...writeHeaders(headers), ...kept]),
			body: content.body,
		});
		return written.status === 200
			? copied(isPart ? "CopyPartResult" : "CopyObjectResult", found, written)
			: written;
	} catch (error) {
		content.release(error as Error);
		throw error;
	}
}

/** S3 copies the range that was asked for, in whole. @throws SealgateError `argument-invalid` */
function checkRange(
	asked: string | undefined,
	{ headers }: Pick<S3Response, "headers">,
): void {
	if (asked === undefined) return;
	const range = /^bytes=(\d+-\d+)$/.exec(asked)?.[1];
	const found = headers.get("content-range");
	if (range !== undefined && found?.startsWith(`bytes ${range}/`)) return;
	throw rangeRefused(asked);
}

function rangeRefused(asked: string): SealgateError {
	return new SealgateError(
		"argument-invalid",
		"The range of the copy is not one of the source: ask for bytes=FIRST-LAST, both inside it.",
		{
			fields: {
				ArgumentName: "x-amz-copy-source-range",
				ArgumentValue: asked,
			},
		},
	);
}

/** What a policy of the source's route, and not the store, has against the read. */
function refusedHere(error: unknown, headers: HeaderMap): unknown {
	const range = headers.get("x-amz-copy-source-range");
	const outside =
		error instanceof SealgateError && error.code === "range-unsatisfiable";
	return outside && range !== undefined ? rangeRefused(range) : error;
}

/** A body, and what gives it up where nobody has started it. */
function held(body: Body): { body: Body; release(reason: Error): void } {
	let started = false;
	return {
		body: {
			length: body.length,
			start(receiver) {
				started = true;
				return body.start(receiver);
			},
		},
		release(reason) {
			if (started) return;
			body.start({ data: () => true, end() {}, fail() {} }).stop(reason);
		},
	};
}

function sourceOperation(name: OperationName, source: CopySource): Operation {
	const { bucket, key, versionId } = source;
	return {
		name,
		method: "GET",
		bucket,
		key,
		query: [
			...(name === "GetObjectTagging" ? [["tagging", ""] as const] : []),
			...(versionId === undefined ? [] : [["versionId", versionId] as const]),
		] as [string, string][],
	};
}

/** The conditions, the range and the customer's key of the source, as a GetObject says them. */
function readHeaders(headers: HeaderMap): HeaderMap {
	const found = new Map<string, string>();
	for (const [name, value] of headers) {
		const condition = /^x-amz-copy-source-(if-[a-z-]+|range)$/.exec(name)?.[1];
		const key = /^x-amz-copy-source-(server-side-encryption-.*)$/.exec(
			name,
		)?.[1];
		if (condition !== undefined) found.set(condition, value);
		if (key !== undefined) found.set(`x-amz-${key}`, value);
	}
	return found;
}

function writeHeaders(headers: HeaderMap): HeaderMap {
	return withoutHeaders(
		headers,
		(name) =>
			name.startsWith("x-amz-copy-source") ||
			name.endsWith("-directive") ||
			name === "x-amz-checksum-algorithm",
	);
}

/** What the copy is to say of itself: what the source said, unless the request replaces it. */
function describedBy(
	found: S3Response,
	headers: HeaderMap,
): Map<string, string> {
	if (replaces(headers, "metadata")) return new Map();
	const own = withoutHeaders(
		found.headers,
		(name) => !described.has(name) && !name.startsWith("x-amz-meta-"),
	);
	return new Map(own);
}

function wantsTags(found: S3Response, headers: HeaderMap): boolean {
	const count = Number(found.headers.get("x-amz-tagging-count") ?? 0);
	return count > 0 && !replaces(headers, "tagging");
}

async function tagsOf(source: CopySource, read: Send): Promise<string> {
	const response = await read({
		operation: sourceOperation("GetObjectTagging", source),
		headers: new Map(),
		body: undefined,
	});
	const content =
		response.body &&
		(await readAll(response.body, taggingBytes, () => unreadableTags(source)));
	if (response.status !== 200 || !content) throw unreadableTags(source);
	return taggingHeader(content);
}

function unreadableTags({ bucket, key }: CopySource): SealgateError {
	return new SealgateError(
		"upstream-broken",
		`The tags of ${bucket}/${key} could not be read: copy it with x-amz-tagging-directive: REPLACE, or give the gateway s3:GetObjectTagging.`,
	);
}

function checkLength(length: number | undefined): void {
	if (length === undefined) {
		throw new SealgateError(
			"upstream-broken",
			"The store did not say how long the source is.",
		);
	}
	if (length > largestSource) {
		throw new SealgateError(
			"request-invalid",
			`The specified copy source is larger than the maximum allowable size for a copy source: ${largestSource}`,
		);
	}
}

/**
 * The store's own refusal of the read, in the words of a copy where those differ: a source that its condition rules out
 * is a failed condition, and neither a range outside of it nor a delete marker is what a reader hears of it.
 */
function refusal(
	found: S3Response,
	source: CopySource,
	headers: HeaderMap,
): S3Response {
	const range = headers.get("x-amz-copy-source-range");
	const marker = found.headers.get("x-amz-delete-marker") === "true";
	const refused =
		found.status === 304
			? new SealgateError(
					"precondition-failed",
					"At least one of the pre-conditions you specified did not hold",
				)
			: found.status === 416 && range !== undefined
				? rangeRefused(range)
				: marker && source.versionId !== undefined
					? new SealgateError(
							"request-invalid",
							"The source of a copy request may not specifically refer to a delete marker by version id.",
						)
					: undefined;
	if (refused === undefined) return found;
	discard(found.body, "another answer is given");
	throw refused;
}

function copied(
	name: string,
	found: S3Response,
	written: S3Response,
): S3Response {
	const headers = new Map(
		withoutHeaders(written.headers, (name) => !answered.test(name)),
	).set("content-type", "application/xml");
	const version = found.headers.get("x-amz-version-id");
	if (version !== undefined) {
		headers.set("x-amz-copy-source-version-id", version);
	}
	const date = new Date(written.headers.get("date") ?? Date.now());
	const document = element(
		name,
		[
			element("ETag", written.headers.get("etag") ?? ""),
			element("LastModified", date.toISOString()),
		],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	return { status: 200, headers, body: bodyOf(renderXml(document)) };
}
