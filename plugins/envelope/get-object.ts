/** GetObject: plaintext out, and nothing of it that was not authenticated. */
import {
	DecryptionError,
	type Exchange,
	type Next,
	type S3Request,
	type S3Response,
} from "../../src/index.ts";
import { type Answered, answeredHeaders } from "./answered-headers.ts";
import { checkFetched, decrypt, spanOfSlice } from "./fetched.ts";
import { type FirstRange, firstRange } from "./first-range.ts";
import { type ObjectTable, singleTable } from "./part-table.ts";
import { provenTableOf, wholeTableOf } from "./proven-tables.ts";
import {
	open,
	orRelease,
	type Read,
	refusal,
	tableOf,
	toStore,
	unmarked,
} from "./reading.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { changed, pinned, release, storedObject } from "./stored-object.ts";
import { readOf, sliceOf, wantedNow, wantedOf } from "./wanted.ts";

export async function getObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const wanted = wantedOf(request);
	const read = { envelope, request, next, exchange, wanted };
	const first = firstRange(read);
	if (first === undefined) return look(read);
	const response = await next(toStore(request, "GetObject", first.range));
	if (response.status === 416) {
		release(response);
		return look(read);
	}
	if (response.status !== 200 && response.status !== 206)
		return refusal(response);
	return orRelease(response, async () => {
		const found = await open(read, response);
		if (found === undefined) return unmarked(read, response);
		const table = await tableOfFirst(read, first, found, response);
		if (table !== undefined) return answer(read, response, found, table);
		release(response);
		return getKnown(read, response, found);
	});
}

/** The table by which the answer to the first request is that of the client; undefined where it is of other bytes. */
async function tableOfFirst(
	read: Read,
	{ range, known }: FirstRange,
	found: FoundObject,
	response: S3Response,
): Promise<ObjectTable | undefined> {
	const { record } = found;
	if (range === "")
		return tableOf(read, found, response, sizeTold(response), wholeTableOf);
	if (known !== undefined) {
		const same = known.nonce.equals(record.nonce);
		return same && known.size === sizeTold(response) ? known.table : undefined;
	}
	const guessed = record.format === read.envelope.format;
	return guessed ? singleTable(found) : undefined;
}

/** Bytes of the whole object, as an answer about all of it or a stretch tells them. */
function sizeTold({ headers, body }: S3Response): number {
	const range = headers.get("content-range");
	if (range === undefined)
		return body?.length ?? Number(headers.get("content-length"));
	return Number(/\/(\d+)$/.exec(range)?.[1] ?? Number.NaN);
}

/** Looks at the object first. */
async function look(asked: Read): Promise<S3Response> {
	const { request, next } = asked;
	const seen = await next(toStore(request, "HeadObject"));
	if (seen.status !== 200) {
		if (seen.status < 300) return refusal(seen);
		// The document of the refusal comes with a GET only.
		const refused = await next(toStore(request, "GetObject", "bytes=0-0"));
		if (refused.status >= 300) return refusal(refused);
		release(refused);
		throw changed(request);
	}
	const wanted = wantedNow(asked.wanted, request.headers, seen.headers);
	const read = { ...asked, wanted };
	const found = await open(read, seen);
	if (found === undefined) return unmarked(read, seen);
	return getKnown(read, seen, found);
}

/** Asks for what this very object needs. @param seen an answer about it, whose body is not wanted */
async function getKnown(
	read: Read,
	seen: S3Response,
	found: FoundObject,
): Promise<S3Response> {
	const { request, next, wanted } = read;
	const size = sizeTold({ ...seen, body: undefined });
	const prove = wanted.kind === "whole" ? wholeTableOf : provenTableOf;
	const table = await tableOf(read, found, seen, size, prove);
	const slice = sliceOf(wanted, table.lengths);
	if (slice.start === slice.end && found.record.single === undefined) {
		// The end is proven: there is nothing to fetch.
		const answered = { request, response: seen, found, table, slice };
		const headers = answeredHeaders(answered);
		return { status: 200, headers, body: undefined };
	}
	const { segmentBytes } = found.record.format;
	const span = spanOfSlice(table.lengths, slice, segmentBytes);
	const version = seen.headers.get("x-amz-version-id");
	const operation = readOf(request.operation, "GetObject", version);
	const range = `bytes=${span.start}-${span.end - 1}`;
	const bare = { ...toStore(request, "GetObject"), operation };
	const response = await next(pinned(bare, seen.headers, range));
	if (response.status === 412 || response.status === 404) {
		release(response);
		throw changed(request);
	}
	if (response.status === 416) {
		release(response);
		throw new DecryptionError(
			"answer-malformed",
			`the store has no ${range} of the object`,
		);
	}
	if (response.status !== 206 && response.status !== 200)
		return refusal(response);
	return orRelease(response, async () => {
		const again = await open(read, response);
		requireSame(found, again);
		return answer(read, response, found, table);
	});
}

/** The table is of the object that was looked at: bytes of another would be authentic at a wrong place. */
function requireSame(seen: FoundObject, again: FoundObject | undefined): void {
	if (again?.record.nonce.equals(seen.record.nonce)) return;
	throw new DecryptionError(
		"object-swapped",
		"the store answered GET with another object than HEAD",
	);
}

/** An object without plaintext may lie in the store without ciphertext, too: its record proves that it is empty. */
function isBare({ status, body }: S3Response, found: FoundObject): boolean {
	const empty = found.record.single?.plaintext === 0;
	return empty && status === 200 && (body?.length ?? 0) === 0;
}

async function answer(
	read: Read,
	response: S3Response,
	found: FoundObject,
	table: ObjectTable,
): Promise<S3Response> {
	const { envelope, request, wanted, next } = read;
	const slice = sliceOf(wanted, table.lengths);
	const answered: Answered = { request, response, found, table, slice };
	if (isBare(response, found)) {
		release(response);
		const headers = answeredHeaders(answered);
		return { status: 200, headers, body: undefined };
	}
	checkFetched(answered);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders(answered),
		body: await decrypt(envelope, answered, (size) =>
			storedObject(request, next, response.headers, size),
		),
	};
}
