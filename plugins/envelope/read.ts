/** GetObject and HeadObject: plaintext out, and nothing of it that was not authenticated. */
import type { Exchange, Next, S3Request, S3Response } from "../../src/index.ts";
import { type Answered, answeredHeaders } from "./answered-headers.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { checkFetched, decrypt, spanOfSlice } from "./fetched.ts";
import { withoutChecksums } from "./metadata.ts";
import { type ObjectTable, provenTable } from "./part-table.ts";
import { type FoundObject, openAnswer } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { changed, pinned, release, storedObject } from "./stored-object.ts";
import { checkUnmarked } from "./unmarked.ts";
import { readOf, sliceOf, type Wanted, wantedOf } from "./wanted.ts";

interface Read {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly wanted: Wanted;
}

export async function headObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const read = { envelope, request, next, exchange, wanted: wantedOf(request) };
	const response = await next(toStore(request, "HeadObject"));
	if (response.status !== 200) return passed(response);
	const found = await open(read, response);
	if (found === undefined) return unmarked(read, response);
	const size = Number(response.headers.get("content-length"));
	const table = await tableOf(read, found, response, size);
	const slice = sliceOf(read.wanted, table.lengths);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders({ request, response, found, table, slice }),
		body: undefined,
	};
}

export async function getObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const wanted = wantedOf(request);
	const read = { envelope, request, next, exchange, wanted };
	const range = guess(wanted, envelope.format.segmentBytes);
	if (range === undefined) return getKnown(read);
	const response = await next(toStore(request, "GetObject", range));
	if (response.status === 416) {
		release(response);
		return getKnown(read);
	}
	if (response.status !== 200 && response.status !== 206)
		return passed(response);
	return orRelease(response, async () => {
		const found = await open(read, response);
		if (found === undefined) return unmarked(read, response);
		if (range !== "" && found.record.single === undefined) {
			release(response);
			return getKnown(read);
		}
		const size = response.body?.length ?? 0;
		const table = await tableOf(read, found, response, size);
		return answer(read, response, found, table);
	});
}

/**
 * The range of a single PUT's ciphertext that holds the wanted plaintext, for all that is known of the object's length:
 * empty for all of it, undefined where the length must be known first.
 */
function guess(wanted: Wanted, segmentBytes: number): string | undefined {
	if (wanted.kind === "whole") return "";
	if (wanted.kind === "part") return undefined;
	const [, first = "", last = ""] = /(\d*)-(\d*)/.exec(wanted.header) ?? [];
	// Past any object's length, and exact in arithmetic.
	const most = 2 ** 45;
	const start = Number(first);
	if (first === "" || start >= most) return undefined;
	const end = Math.min(last === "" ? most : Number(last) + 1, most);
	const span = spanOfSlice([most * 2], { start, end }, segmentBytes);
	return `bytes=${span.start}-${end === most ? "" : span.end - 1}`;
}

/** Looks at the object first, and then asks for what it was found to need of exactly this object. */
async function getKnown(read: Read): Promise<S3Response> {
	const { request, next, wanted } = read;
	const seen = await next(toStore(request, "HeadObject"));
	if (seen.status !== 200) {
		// The document of the refusal comes with a GET only.
		const refused = await next(toStore(request, "GetObject", "bytes=0-0"));
		if (refused.status >= 300) return passed(refused);
		release(refused);
		throw changed(request);
	}
	const found = await open(read, seen);
	if (found === undefined) return unmarked(read, seen);
	const size = Number(seen.headers.get("content-length"));
	const table = await tableOf(read, found, seen, size);
	const slice = sliceOf(wanted, table.lengths);
	if (slice.start === slice.end && found.record.single === undefined) {
		// The table is proven: there is nothing to fetch.
		const answered = { request, response: seen, found, table, slice };
		return {
			status: 200,
			headers: answeredHeaders(answered),
			body: undefined,
		};
	}
	const { segmentBytes } = found.record.format;
	const span = spanOfSlice(table.lengths, slice, segmentBytes);
	const operation = readOf(
		request.operation,
		"GetObject",
		seen.headers.get("x-amz-version-id"),
	);
	const range = `bytes=${span.start}-${span.end - 1}`;
	const bare = { ...toStore(request, "GetObject"), operation };
	const response = await next(pinned(bare, seen.headers, range));
	if (response.status === 412 || response.status === 404) {
		release(response);
		throw changed(request);
	}
	if (response.status !== 206) return passed(response);
	return orRelease(response, async () => {
		const again = await open(read, response);
		if (again === undefined) throw changed(request);
		return answer(read, response, again, table);
	});
}

async function answer(
	read: Read,
	response: S3Response,
	found: FoundObject,
	table: ObjectTable,
): Promise<S3Response> {
	const { request, wanted, next } = read;
	const slice = sliceOf(wanted, table.lengths);
	const answered: Answered = { request, response, found, table, slice };
	checkFetched(answered);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders(answered),
		body: await decrypt(answered, (size) =>
			storedObject(request, next, response.headers, size),
		),
	};
}

async function tableOf(
	{ envelope, request, next }: Read,
	found: FoundObject,
	response: S3Response,
	size: number,
): Promise<ObjectTable> {
	return envelope.tables.of(found, size, () =>
		provenTable(found, storedObject(request, next, response.headers, size)),
	);
}

function open(
	{ envelope, request, exchange }: Read,
	{ headers }: S3Response,
): Promise<FoundObject | undefined> {
	return openAnswer(envelope, headers, request.operation, exchange);
}

/** A connection whose answer failed us is given back. */
async function orRelease(
	response: S3Response,
	work: () => Promise<S3Response>,
): Promise<S3Response> {
	try {
		return await work();
	} catch (error) {
		release(response);
		throw error;
	}
}

/** An object without our mark, where the route lets it be read. @throws DecryptionError where it does not */
async function unmarked(read: Read, response: S3Response): Promise<S3Response> {
	const { envelope, request, next } = read;
	checkUnmarked(envelope, request.operation);
	release(response);
	const headers = withStoreConditions(request.headers);
	return passed(await next({ ...request, headers }));
}

/** A request about this object that the store can answer: its own ETags, its own bytes. @param range empty: all of it */
function toStore(
	request: S3Request,
	name: "GetObject" | "HeadObject",
	range = "",
): S3Request {
	const headers = new Map(
		withoutChecksums(withStoreConditions(request.headers)),
	);
	headers.delete("range");
	if (range !== "") headers.set("range", range);
	const operation = readOf(request.operation, name, undefined);
	return { operation, headers, body: undefined };
}

/** The store's own answer: a refusal, or that nothing changed. */
function passed(response: S3Response): S3Response {
	return { ...response, headers: withClientEtag(response.headers) };
}
