/** What a client hears of an object: its plaintext's length, its own metadata, and no word of ours. Pure. */
import {
	type HeaderMap,
	queryValue,
	type S3Request,
	type S3Response,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import { withClientEtag } from "./etags.ts";
import { joinMetadata } from "./metadata.ts";
import type { ObjectTable } from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";
import { overridesOf, type Slice } from "./wanted.ts";

/** An answer of the store about one object, and what of the object is to be answered. */
export interface Answered {
	readonly request: S3Request;
	readonly response: S3Response;
	readonly found: FoundObject;
	/** Proven. */
	readonly table: ObjectTable;
	readonly slice: Slice;
}

/** Those that describe the store's bytes. */
export const ofCiphertext =
	/^(content-length|content-range|content-md5|x-amz-checksum-.*|x-amz-mp-parts-count|x-amz-transfer-encoding)$/;

export function answeredHeaders({
	request,
	response,
	found,
	table,
	slice,
}: Answered): HeaderMap {
	const kept = withoutHeaders(
		withClientEtag(joinMetadata(response.headers, found.metadata)),
		(name) => ofCiphertext.test(name),
	);
	const size = table.lengths.reduce((sum, length) => sum + length, 0);
	return withHeaders(kept, {
		...overridesOf(request.operation),
		"content-length": String(slice.end - slice.start),
		...partsCount(request, found, table),
		"accept-ranges": "bytes",
		...(slice.partial
			? { "content-range": `bytes ${slice.start}-${slice.end - 1}/${size}` }
			: checksumOf(request, found)),
	});
}

/** The checksum that the client claimed of the whole plaintext, for a client that asks to compare. */
function checksumOf(
	{ headers }: S3Request,
	{ metadata }: FoundObject,
): Record<string, string> {
	if (headers.get("x-amz-checksum-mode")?.toUpperCase() !== "ENABLED")
		return {};
	const claimed = [...metadata].filter(([name]) =>
		name.startsWith("x-amz-checksum-"),
	);
	if (claimed.length === 0) return {};
	return {
		...Object.fromEntries(claimed),
		"x-amz-checksum-type": "FULL_OBJECT",
	};
}

/** S3 tells it to whoever asks for a part. */
function partsCount(
	{ operation }: S3Request,
	{ record }: FoundObject,
	{ lengths }: ObjectTable,
): Record<string, string> {
	const asked = queryValue(operation.query, "partNumber") !== undefined;
	if (!asked || record.single !== undefined) return {};
	return { "x-amz-mp-parts-count": String(lengths.length) };
}
