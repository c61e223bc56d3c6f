/** Writes: always with the newest key, and only to a store that says it used it. */
import {
	type Next,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import { refusal } from "../judging.ts";
import { discard, refusalOf, usedKey } from "./answers.ts";
import type { Keys } from "./keys.ts";

/** What asks the store for an encryption of its own; S3 takes one or the other. */
const asking = /^x-amz-server-side-encryption(?!-customer)/;

export function withKey(
	request: S3Request,
	keys: Keys,
	index: number,
): S3Request {
	const others = withoutHeaders(request.headers, (name) =>
		asking.test(name.replaceAll("_", "-")),
	);
	const headers = keys.headers(index, request.operation);
	return { ...request, headers: withHeaders(others, headers) };
}

/** @throws SealgateError `access-denied` where the store refuses, with what may be behind it */
export async function explained(response: S3Response): Promise<S3Response> {
	const found = await refusalOf(response);
	if (found === undefined) return response;
	if (found.code !== "AccessDenied") return found.response;
	throw new SealgateError(
		"access-denied",
		`${found.message || "Access Denied"} (The gateway wrote with a customer's key. Where the bucket blocks SSE-C, as new buckets on AWS do since April 2026, allow it by PutBucketEncryption with BlockedEncryptionTypes NONE.)`,
	);
}

/**
 * Holds a write against the store's answer. One that names no key is asked again by a HEAD with the key.
 * @throws SealgateError `policy-refused` where the store does not say that it used the key
 */
export async function confirmed(
	sent: S3Request,
	response: S3Response,
	next: Next,
): Promise<S3Response> {
	if (
		response.status >= 300 ||
		usedKey(response, Object.fromEntries(sent.headers))
	)
		return response;
	if (await isThereWithKey(sent, next)) return response;
	discard(response.body);
	const { name, bucket, key } = sent.operation;
	throw refusal(
		`the store answered ${name} of ${bucket}/${key} and did not say that it used the key: what it has may lie there unencrypted. The store must know SSE-C.`,
	);
}

/** A part cannot be looked at. */
async function isThereWithKey(sent: S3Request, next: Next): Promise<boolean> {
	if (sent.operation.name !== "PutObject") return false;
	const { bucket, key } = sent.operation;
	const headers = withoutHeaders(
		sent.headers,
		(name) => !name.startsWith("x-amz-server-side-encryption-customer-"),
	);
	const response = await next({
		operation: { name: "HeadObject", method: "HEAD", bucket, key, query: [] },
		headers,
		body: undefined,
	});
	discard(response.body);
	return (
		response.status === 200 && usedKey(response, Object.fromEntries(headers))
	);
}
