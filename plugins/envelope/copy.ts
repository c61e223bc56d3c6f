/** CopyObject on one route: the data key is sealed anew under the new name, and the store copies the bytes. */
import {
	answerMeanwhile,
	type CopySource,
	copyAcross,
	type Exchange,
	type HeaderMap,
	type Next,
	parseCopySource,
	replaces,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
} from "../../src/index.ts";
import { copyParts } from "./copy-parts.ts";
import {
	type Copying,
	pinnedSource,
	refusedSource,
	sourceHead,
} from "./copy-source.ts";
import { targetHeaders } from "./copy-target.ts";
import { documentOf, withDocument } from "./documents.ts";
import { withClientEtags, withStoreConditions } from "./etags.ts";
import { getObject } from "./get-object.ts";
import type { Handle } from "./handle.ts";
import { provenTableOf } from "./proven-tables.ts";
import { putObject } from "./put-object.ts";
import { openAnswer } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { storedObject } from "./stored-object.ts";
import { checkUnmarked } from "./unmarked.ts";

/** Many parts take their time: the client is kept waiting with white space. */
export function copyObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	return answerMeanwhile(copy(envelope, request, next, exchange), exchange);
}

async function copy(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const replacesMetadata = replaces(request.headers, "metadata");
	replaces(request.headers, "tagging");
	const named = request.headers.get("x-amz-copy-source") ?? "";
	const source = parseCopySource(named);
	const head = sourceHead(request, source);
	const seen = await next(head);
	if (seen.status !== 200) return refusedSource(request, next, seen);
	const { operation } = head;
	const found = await openAnswer(envelope, seen.headers, operation, exchange);
	if (found === undefined)
		return copyUnmarked(envelope, request, next, exchange, head, asT1);
	if (!replacesMetadata) checkChange(request, source);
	const copying = { envelope, request, next, exchange, source, seen, found };
	const headers = await targetHeaders(copying);
	if (found.record.single !== undefined) return copyWhole(copying, headers);
	const size = Number(seen.headers.get("content-length"));
	const stored = storedObject(head, next, seen.headers, size);
	const table = await provenTableOf(envelope, found, stored);
	return copyParts(copying, headers, table);
}

/** The store could not tell: it gets a new record in any case. AWS, API reference of CopyObject. @throws SealgateError `request-invalid` */
function checkChange(
	{ operation, headers }: S3Request,
	{ bucket, key, versionId }: CopySource,
): void {
	const itself =
		bucket === operation.bucket &&
		key === operation.key &&
		versionId === undefined;
	const changes = [...headers.keys()].some((name) =>
		/^x-amz-(storage-class|website-redirect-location|server-side-encryption.*)$/.test(
			name,
		),
	);
	if (!itself || changes) return;
	throw new SealgateError(
		"request-invalid",
		"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
	);
}

/** How what is not encrypted is read, and written encrypted. */
export interface ReadAndWrite {
	readonly read: Handle;
	readonly write: Handle;
}

const asT1: ReadAndWrite = { read: getObject, write: putObject };

/**
 * A source without a mark, where the route lets it be read. A route that only observes copies as the store does; any
 * other reads the source, and writes it encrypted.
 * @param head the HEAD of the source
 */
export function copyUnmarked(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
	{ operation }: S3Request,
	{ read, write }: ReadAndWrite,
): Promise<S3Response> {
	checkUnmarked(envelope, operation, exchange);
	if (exchange.route?.mode === "observe") {
		return next({ ...request, headers: withStoreConditions(request.headers) });
	}
	const source = parseCopySource(
		request.headers.get("x-amz-copy-source") ?? "",
	);
	return copyAcross(
		request,
		source,
		exchange,
		(asked) =>
			asked.operation.name === "GetObject"
				? read(envelope, asked, next, exchange)
				: next(asked),
		(asked) => write(envelope, asked, next, exchange),
	);
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
	const children = document.children.filter(
		({ name }) => !name.startsWith("Checksum"),
	);
	return withDocument(response, withClientEtags({ ...document, children }));
}
