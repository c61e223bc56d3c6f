/** What every read of an object has in common: how the store is asked, and what of its answers may be believed. */
import {
	DecryptionError,
	type Exchange,
	type Next,
	type S3Request,
	type S3Response,
	SealgateError,
} from "../../src/index.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { joinMetadata, withoutChecksums } from "./metadata.ts";
import type { ObjectTable } from "./part-table.ts";
import { provenTableOf } from "./proven-tables.ts";
import { type FoundObject, openAnswer } from "./sealing.ts";
import type { Envelope } from "./settings.ts";
import { changed, release, storedObject } from "./stored-object.ts";
import { checkUnmarked } from "./unmarked.ts";
import { readOf, type Wanted } from "./wanted.ts";

export interface Read {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly wanted: Wanted;
}

/** A request about this object that the store can answer: its own ETags, its own bytes. @param range empty: all of it */
export function toStore(
	request: S3Request,
	name: "GetObject" | "HeadObject",
	range = "",
): S3Request {
	const headers = new Map(
		withoutChecksums(withStoreConditions(request.headers)),
	);
	headers.delete("range");
	headers.delete("if-range");
	if (range !== "") headers.set("range", range);
	const operation = readOf(request.operation, name, undefined);
	return { operation, headers, body: undefined };
}

/**
 * The store's own answer: a refusal, or that nothing changed. Whatever else it calls its answer is not passed on: a
 * client would take it for the object.
 * @throws DecryptionError `answer-malformed`, SealgateError `upstream-broken` for a redirect
 */
export function refusal(response: S3Response): S3Response {
	const { status } = response;
	if (status === 304 || status >= 400) {
		const headers = joinMetadata(response.headers, new Map());
		return { ...response, headers: withClientEtag(headers) };
	}
	release(response);
	if (status >= 300) {
		throw new SealgateError(
			"upstream-broken",
			`The store answered a read with a redirect (${status}), which is not followed: configure the endpoint and region that have the bucket.`,
		);
	}
	throw new DecryptionError(
		"answer-malformed",
		`the store answered a read with ${status}`,
	);
}

/** The object that an answer is about; undefined where it has no mark. @throws DecryptionError */
export function open(
	{ envelope, request, exchange }: Read,
	{ headers }: S3Response,
): Promise<FoundObject | undefined> {
	return openAnswer(envelope, headers, request.operation, exchange);
}

/** @param size of the object's ciphertext, as the store tells it */
export async function tableOf(
	{ envelope, request, next }: Read,
	found: FoundObject,
	response: S3Response,
	size: number,
	prove = provenTableOf,
): Promise<ObjectTable> {
	const stored = storedObject(request, next, response.headers, size);
	const table = await prove(envelope, found, stored);
	envelope.seen.add(request.operation, found.record, size);
	return table;
}

/** A connection whose answer failed us is given back. */
export async function orRelease(
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
export async function unmarked(
	read: Read,
	response: S3Response,
): Promise<S3Response> {
	const { envelope, request, next, exchange } = read;
	release(response);
	checkUnmarked(envelope, request.operation, exchange);
	const headers = withStoreConditions(request.headers);
	const again = await next({ ...request, headers });
	if (again.status >= 300) return refusal(again);
	return orRelease(again, async () => {
		if ((await open(read, again)) !== undefined) throw changed(request);
		return { ...again, headers: withClientEtag(again.headers) };
	});
}
