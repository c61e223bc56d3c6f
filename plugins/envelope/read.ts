/** GetObject and HeadObject: plaintext out, and nothing of it that was not authenticated. */
import {
	type Exchange,
	type Next,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
} from "../../src/index.ts";
import { type Answered, answeredHeaders } from "./answered-headers.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { checkFetched, decrypt, spanOfSlice } from "./fetched.ts";
import { withoutPlaintextClaims } from "./put-object.ts";
import { type FoundObject, openAnswer } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
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
	const response = await next(toStore(request, "HeadObject", {}));
	if (response.status !== 200) return passed(response);
	const found = await open(read, response);
	if (found === undefined) return plain(read, response);
	const lengths = lengthsOf(found);
	const slice = sliceOf(read.wanted, lengths);
	return {
		status: slice.partial ? 206 : 200,
		headers: answeredHeaders({ request, response, found, lengths, slice }),
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
	const response = await next(toStore(request, "GetObject", { range }));
	if (response.status === 416) {
		release(response);
		return getKnown(read);
	}
	if (response.status !== 200 && response.status !== 206)
		return passed(response);
	const found = await openOrRelease(read, response);
	if (found === undefined) return plain(read, response);
	return answer(read, response, found);
}

/**
 * The range of a single PUT's ciphertext that holds the wanted plaintext, for all that is known of the object's length:
 * `null` for all of it, undefined where the length must be known first.
 */
function guess(
	wanted: Wanted,
	segmentBytes: number,
): string | null | undefined {
	if (wanted.kind === "whole") return null;
	if (wanted.kind === "part") return undefined;
	const [, first = "", last = ""] = /(\d*)-(\d*)/.exec(wanted.header) ?? [];
	// Past any object's length; and a range of a range is no range of S3's.
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
	const seen = await next(toStore(request, "HeadObject", {}));
	if (seen.status !== 200) {
		// The document of the refusal comes with a GET only.
		const refused = await next(
			toStore(request, "GetObject", { range: "bytes=0-0" }),
		);
		if (refused.status >= 300) return passed(refused);
		release(refused);
		throw changed(request);
	}
	const found = await open(read, seen);
	if (found === undefined) return plain(read, seen);
	const lengths = lengthsOf(found);
	const slice = sliceOf(wanted, lengths);
	const span = spanOfSlice(lengths, slice, found.record.format.segmentBytes);
	const response = await next(
		toStore(request, "GetObject", {
			range: `bytes=${span.start}-${span.end - 1}`,
			etag: seen.headers.get("etag"),
			versionId: seen.headers.get("x-amz-version-id"),
		}),
	);
	if (response.status === 412 || response.status === 404) {
		release(response);
		throw changed(request);
	}
	if (response.status !== 206) return passed(response);
	const again = await openOrRelease(read, response);
	if (again === undefined) throw changed(request);
	return answer(read, response, again);
}

async function answer(
	read: Read,
	response: S3Response,
	found: FoundObject,
): Promise<S3Response> {
	const { request, wanted } = read;
	const lengths = lengthsOf(found);
	let answered: Answered;
	try {
		const slice = sliceOf(wanted, lengths);
		answered = { request, response, found, lengths, slice };
		checkFetched(answered);
	} catch (error) {
		release(response);
		throw error;
	}
	return {
		status: answered.slice.partial ? 206 : 200,
		headers: answeredHeaders(answered),
		body: await decrypt(answered),
	};
}

/** Plaintext of the parts, as far as the record itself proves it. */
function lengthsOf({ record }: FoundObject): readonly number[] {
	if (record.single !== undefined) return [record.single.plaintext];
	throw new SealgateError(
		"policy-unsupported",
		"Objects that came in parts are not served yet.",
	);
}

function open(
	{ envelope, request, exchange }: Read,
	{ headers }: S3Response,
): Promise<FoundObject | undefined> {
	return openAnswer(envelope, headers, request.operation, exchange);
}

async function openOrRelease(
	read: Read,
	response: S3Response,
): Promise<FoundObject | undefined> {
	try {
		return await open(read, response);
	} catch (error) {
		release(response);
		throw error;
	}
}

/** An object without our mark, where the route lets it be read. @throws DecryptionError where it does not */
async function plain(read: Read, response: S3Response): Promise<S3Response> {
	release(response);
	const { envelope, request, next } = read;
	checkUnmarked(envelope, request.operation);
	const { headers } = request;
	return passed(
		await next({ ...request, headers: withStoreConditions(headers) }),
	);
}

interface Narrowed {
	/** Absent or null: all of it. */
	readonly range?: string | null;
	readonly etag?: string | undefined;
	readonly versionId?: string | undefined;
}

/** A request about this object that the store can answer: its own ETags, its own bytes. */
function toStore(
	request: S3Request,
	name: "GetObject" | "HeadObject",
	{ range, etag, versionId }: Narrowed,
): S3Request {
	const conditions = withoutPlaintextClaims(
		withStoreConditions(request.headers),
	);
	const headers = withHeaders(conditions, {
		range: range ?? undefined,
		...(etag === undefined ? {} : { "if-match": etag }),
	});
	const operation = readOf(request.operation, name, versionId);
	return { operation, headers, body: undefined };
}

/** The store's own answer: a refusal, or that nothing changed. */
function passed(response: S3Response): S3Response {
	return { ...response, headers: withClientEtag(response.headers) };
}

/** Gives back a connection whose answer nobody wants. */
function release({ body }: S3Response): void {
	body
		?.start({ data: () => true, end() {}, fail() {} })
		.stop(new Error("another request answers it"));
}

function changed({ operation }: S3Request): SealgateError {
	return new SealgateError(
		"upstream-unreachable",
		`${operation.bucket}/${operation.key} changed while it was read. Try again.`,
	);
}
