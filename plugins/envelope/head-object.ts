/** HeadObject: what GetObject would say, from a table that the object has proven. */
import {
	derivedPlaintext,
	type Exchange,
	type Next,
	type S3Request,
	type S3Response,
} from "../../src/index.ts";
import { answeredHeaders } from "./answered-headers.ts";
import { partCount } from "./etags.ts";
import type { ObjectTable } from "./part-table.ts";
import {
	open,
	type Read,
	refusal,
	tableOf,
	toStore,
	unmarked,
} from "./reading.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { sliceOf, wantedNow, wantedOf } from "./wanted.ts";

export async function headObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const read = { envelope, request, next, exchange, wanted: wantedOf(request) };
	const response = await next(toStore(request, "HeadObject"));
	if (response.status !== 200) return refusal(response);
	const found = await open(read, response);
	if (found === undefined) return unmarked(read, response);
	const table = await headTable(read, found, response);
	const wanted = wantedNow(read.wanted, request.headers, response.headers);
	const slice = sliceOf(wanted, table.lengths);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders({ request, response, found, table, slice }),
		body: undefined,
	};
}

function headTable(
	read: Read,
	found: FoundObject,
	response: S3Response,
): Promise<ObjectTable> | ObjectTable {
	const { record } = found;
	const size = Number(response.headers.get("content-length"));
	const stated =
		read.envelope.options.headSize === "stated" &&
		read.wanted.kind === "whole" &&
		record.single === undefined;
	if (!stated) return tableOf(read, found, response, size);
	const parts = partCount(response.headers.get("etag") ?? "");
	const length = derivedPlaintext(size, parts, record.format.segmentBytes);
	return { lengths: [length], tail: 0, proven: false };
}
