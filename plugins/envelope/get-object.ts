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
import type { ObjectTable } from "./part-table.ts";
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
import { readOf, sliceOf, type Wanted, wantedNow, wantedOf } from "./wanted.ts";

export async function getObject(
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const wanted = wantedOf(request);
	const read = { envelope, request, next, exchange, wanted };
	const conditional =
		wanted.kind === "range" && request.headers.has("if-range");
	const { format } = envelope;
	const range = conditional ? undefined : guess(wanted, format.segmentBytes);
	if (range === undefined) return getKnown(read);
	const response = await next(toStore(request, "GetObject", range));
	if (response.status === 416) {
		release(response);
		return getKnown(read);
	}
	if (response.status !== 200 && response.status !== 206)
		return refusal(response);
	return orRelease(response, async () => {
		const found = await open(read, response);
		if (found === undefined) return unmarked(read, response);
		const { single, format: written } = found.record;
		if (range !== "" && (single === undefined || written !== format)) {
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
async function getKnown(asked: Read): Promise<S3Response> {
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
	const size = Number(seen.headers.get("content-length"));
	const table = await tableOf(read, found, seen, size);
	const slice = sliceOf(wanted, table.lengths);
	if (slice.start === slice.end && found.record.single === undefined) {
		// The table is proven: there is nothing to fetch.
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
