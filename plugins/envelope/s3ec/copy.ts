/**
 * CopyObject of the S3 Encryption Clients' formats. Their records are bound to no name, so the store copies object and
 * record as they are, as it does for those clients.
 */
import {
	answerMeanwhile,
	type Exchange,
	type HeaderMap,
	isS3ecMetadata,
	type Next,
	parseCopySource,
	type S3ecMarks,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
	withoutHeaders,
} from "../../../src/index.ts";
import { copyObject as copySegmented, copyUnmarked } from "../copy.ts";
import { pinnedSource, refusedSource, sourceHead } from "../copy-source.ts";
import { documentOf, withDocument } from "../documents.ts";
import { withClientEtags, withStoreConditions } from "../etags.ts";
import type { Handle } from "../handle.ts";
import { checkRoom, withoutChecksums } from "../metadata.ts";
import type { Envelope } from "../settings.ts";
import { getObject } from "./get-object.ts";
import { wholeMarks } from "./instruction-file.ts";
import { foundIn } from "./marks.ts";
import { cipherOf, recordOf } from "./opening.ts";
import { headersOf, putObject } from "./put-object.ts";

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
	const { options } = envelope;
	const source = parseCopySource(
		request.headers.get("x-amz-copy-source") ?? "",
	);
	const head = sourceHead(request, source);
	const seen = await next(head);
	if (seen.status !== 200) return refusedSource(request, next, seen);
	const found = foundIn(seen.headers, options);
	const written = found === "t1" ? found : (found?.format ?? options.format);
	if (written !== options.format) throw otherFormat(written, options.format);
	if (found === "t1") return copySegmented(envelope, request, next, exchange);
	if (found === undefined) {
		const wanted = { kind: "whole" } as const;
		const read = { envelope, request: head, next, exchange, wanted };
		if ((await wholeMarks(read, found)) !== undefined)
			throw otherFormat("an instruction file", written);
		const { format } = options;
		if (format === "t1")
			return copySegmented(envelope, request, next, exchange);
		const write: Handle = (...asked) => putObject(format, ...asked);
		const as = { read: getObject, write };
		return copyUnmarked(envelope, request, next, exchange, head, as);
	}
	if (found.instruction) throw otherFormat("an instruction file", written);
	// A source that does not open is not spread; the audit record has the use of its key.
	await cipherOf(envelope, recordOf(envelope, found), exchange);
	const headers = withHeaders(
		targetHeaders(request.headers, found),
		pinnedSource({ request, source, seen }),
	);
	const response = await next({ ...request, headers });
	if (response.status !== 200) return response;
	const document = await documentOf(response);
	const children = document.children.filter(
		({ name }) => !name.startsWith("Checksum"),
	);
	return withDocument(response, withClientEtags({ ...document, children }));
}

/** A new description keeps the record: without it nobody could open the copy. */
function targetHeaders(headers: HeaderMap, { fields }: S3ecMarks): HeaderMap {
	const asked = withoutChecksums(withStoreConditions(headers));
	const directive = headers.get("x-amz-metadata-directive");
	if (directive?.toUpperCase() !== "REPLACE") return asked;
	const all = withHeaders(
		withoutHeaders(asked, isS3ecMetadata),
		headersOf(fields),
	);
	checkRoom(all, isS3ecMetadata);
	return all;
}

function otherFormat(from: string, to: string): SealgateError {
	return new SealgateError(
		"policy-unsupported",
		`A header you provided implies functionality that is not implemented: a copy of an object of ${from} on a route that writes ${to}. Read it and write it.`,
	);
}
