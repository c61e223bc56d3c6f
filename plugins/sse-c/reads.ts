/** Reads: the newest key first, then older ones, then perhaps none. */
import {
	countEvent,
	discard,
	type Exchange,
	type Next,
	type S3Request,
	type S3Response,
	withHeaders,
} from "../../src/index.ts";
import { refusal as refuse } from "../judging.ts";
import {
	mayBeWrongKey,
	type Refusal,
	refusalOf,
	saysPlaintext,
	usedKey,
} from "./answers.ts";
import type { Keys } from "./keys.ts";

export interface Tried {
	readonly response: S3Response;
	/** Of the key that it was sent with. */
	readonly index: number;
	/** Present where the store refused, perhaps because of the key. */
	readonly refusal: Refusal | undefined;
}

/** Sends the request with one key after the other, as long as the store's answer can mean a wrong key. */
export async function tryKeys(
	keys: Keys,
	request: S3Request,
	next: Next,
	exchange: Exchange,
	first = 0,
): Promise<Tried> {
	const order = [...Array(keys.count).keys()].filter(
		(index) => index !== first,
	);
	let tried = await tryKey(keys, first, request, next);
	for (const index of order) {
		if (tried.refusal === undefined || !mayBeWrongKey(tried.refusal)) break;
		tried = await tryKey(keys, index, request, next);
	}
	const opened = tried.refusal === undefined && tried.response.status < 400;
	if (opened && tried.index > 0) countEvent(exchange, "sse-c", "older-key");
	return tried;
}

async function tryKey(
	keys: Keys,
	index: number,
	request: S3Request,
	next: Next,
): Promise<Tried> {
	const headers = keys.headers(index, request.operation);
	const response = await next({
		...request,
		headers: withHeaders(request.headers, headers),
	});
	const refusal = await refusalOf(response);
	return { response: refusal?.response ?? response, index, refusal };
}

/** @throws SealgateError `policy-refused` for an object without the key, unless those are allowed */
export async function read(
	keys: Keys,
	onPlaintext: "refuse" | "allow",
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { response, index, refusal } = await tryKeys(
		keys,
		request,
		next,
		exchange,
	);
	if (exchange.dryRun) return response;
	if (refusal === undefined) {
		if (!isSilent(request, response, keys, index)) return response;
		if (onPlaintext === "refuse") {
			discard(response.body);
			throw plaintext(request);
		}
		countEvent(exchange, "sse-c", "plaintext");
		return response;
	}
	if (onPlaintext === "refuse") {
		if (saysPlaintext(refusal)) throw plaintext(request);
		if (refusal.code === "" && response.status === 400) {
			exchange.findings.reason =
				"the store gives no reason; perhaps the object was not written with a key of this route";
		}
		return response;
	}
	return (await readPlain(refusal, request, next, exchange)) ?? response;
}

/** One try without a key, which opens nothing that was written with one. */
async function readPlain(
	refusal: Refusal,
	request: S3Request,
	next: Next,
	exchange: Exchange,
): Promise<S3Response | undefined> {
	if (refusal.response.status !== 400) return undefined;
	const response = await next(request);
	if (response.status >= 400) {
		discard(response.body);
		return undefined;
	}
	countEvent(exchange, "sse-c", "plaintext");
	return response;
}

/** Ceph and stores without SSE-C give an object that has no key to whoever brings one: their answer names none. */
function isSilent(
	request: S3Request,
	response: S3Response,
	keys: Keys,
	index: number,
): boolean {
	const { operation } = request;
	if (operation.name !== "GetObject" && operation.name !== "HeadObject")
		return false;
	if (response.status !== 200 && response.status !== 206) return false;
	return !usedKey(response, keys.headers(index, operation));
}

function plaintext({ operation: { bucket, key } }: S3Request) {
	return refuse(
		`${bucket}/${key} was not written with a key of this route, and the store gives it without one. Under onPlaintext: allow it can be read, and a copy onto itself gives it the key.`,
	);
}
