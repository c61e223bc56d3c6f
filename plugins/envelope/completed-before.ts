/** A client that missed the first answer asks again: where the object is what this very list made, it is told so. */
import {
	bodyOf,
	DecryptionError,
	element,
	renderXml,
	type S3Response,
} from "../../src/index.ts";
import type { Completing } from "./completing.ts";
import { clientEtag } from "./etags.ts";
import type { ListedPart } from "./part-list.ts";
import type { ObjectTable } from "./part-table.ts";
import { provenTableOf } from "./proven-tables.ts";
import { openAnswer } from "./sealing.ts";
import { companionsOf, release, storedObject } from "./stored-object.ts";
import { uploadEtag } from "./upload-etag.ts";

/**
 * The object is of this upload, has the parts' lengths, and its ETag is that of the list. Where ETags tell nothing, the
 * list has to say every length; else the store's refusal stands.
 * @param parts without a length where neither the client nor the store says it any more
 */
export async function completedBefore(
	{ envelope, request, next, exchange, upload }: Completing,
	parts: readonly ListedPart[],
): Promise<S3Response | undefined> {
	const { bucket = "", key = "" } = request.operation;
	const operation = {
		...request.operation,
		name: "HeadObject" as const,
		method: "HEAD",
		query: [],
	};
	const headers = companionsOf(request.headers);
	const asked = { operation, headers, body: undefined };
	const seen = await next(asked);
	if (seen.status !== 200) return undefined;
	try {
		const found = await openAnswer(envelope, seen.headers, operation, exchange);
		if (found?.record.nonce.equals(upload.nonce) !== true) return undefined;
		const size = Number(seen.headers.get("content-length"));
		const stored = storedObject(asked, next, seen.headers, size);
		const table = await provenTableOf(envelope, found, stored);
		if (!haveLengths(table, parts)) return undefined;
		const end =
			table.tail === 0
				? Buffer.alloc(0)
				: await stored.fetch(size - table.tail, size);
		const etags = parts.map(({ storeEtag }) => storeEtag);
		const listed = uploadEtag(seen.headers, etags, end);
		const same =
			listed === undefined
				? parts.every(({ length }) => length !== undefined)
				: listed === seen.headers.get("etag");
		if (!same) return undefined;
	} catch (error) {
		// The object in that place is another's: what the client asked is not done.
		if (error instanceof DecryptionError) return undefined;
		throw error;
	} finally {
		release(seen);
	}
	const etag = clientEtag(seen.headers.get("etag") ?? "");
	const result = element(
		"CompleteMultipartUploadResult",
		[element("Bucket", bucket), element("Key", key), element("ETag", etag)],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	const answered = new Map([["content-type", "application/xml"]]);
	const version = seen.headers.get("x-amz-version-id");
	if (version !== undefined) answered.set("x-amz-version-id", version);
	return { status: 200, headers: answered, body: bodyOf(renderXml(result)) };
}

function haveLengths(
	{ lengths }: ObjectTable,
	parts: readonly ListedPart[],
): boolean {
	return (
		lengths.length === parts.length &&
		parts.every(
			({ length }, at) => length === undefined || length === lengths[at],
		)
	);
}
