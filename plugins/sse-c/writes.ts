/** Writes: always with the newest key, and only to a store that says it used it. */
import {
	answerMeanwhile,
	bodyOf,
	discard,
	type Exchange,
	isCustomerKeyHeader,
	type Next,
	readAll,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
	withoutHeaders,
} from "../../src/index.ts";
import { refusalOf, unconfirmed, usedKey } from "./answers.ts";
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

/** Bytes of the document of a copy, with white space in front of it. */
const documentBytes = 1024 * 1024;

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
 * Holds a write against the store's answer. MinIO names no key in the answer to a copy: what is there is looked at.
 * @throws SealgateError `unconfirmed` where the store does not say that it used the key
 */
export async function confirmed(
	sent: S3Request,
	response: S3Response,
	next: Next,
	exchange: Exchange,
): Promise<S3Response> {
	const { operation } = sent;
	if (response.status >= 300) return response;
	if (usedKey(response, Object.fromEntries(sent.headers))) return response;
	// Its upload has been asked with a part that is none.
	if (operation.name === "UploadPartCopy") return response;
	if (operation.name === "UploadPart") {
		discard(response.body);
		throw unconfirmed(operation);
	}
	const looked = look(sent, response, next);
	if (operation.name !== "CopyObject") return looked;
	return answerMeanwhile(looked, exchange, { headers: response.headers });
}

async function look(
	sent: S3Request,
	response: S3Response,
	next: Next,
): Promise<S3Response> {
	const ended = await atItsEnd(response);
	if (failedLate(ended) || (await isThereWithKey(sent, next))) return ended;
	throw unconfirmed(sent.operation);
}

/** The answer once it has ended: a copy may still be at work behind a status that has left. */
async function atItsEnd(response: S3Response): Promise<S3Response> {
	if (response.body === undefined) return response;
	const content = await readAll(
		response.body,
		documentBytes,
		() =>
			new SealgateError("upstream-broken", "The store's answer is too long."),
	);
	return { ...response, body: bodyOf(content) };
}

function failedLate({ body }: S3Response): boolean {
	const content = body?.content?.toString("utf8").trim() ?? "";
	return /^(<\?xml[^>]*>\s*)?<Error[\s>]/.test(content);
}

async function isThereWithKey(sent: S3Request, next: Next): Promise<boolean> {
	const { bucket, key } = sent.operation;
	const headers = withoutHeaders(
		sent.headers,
		(name) => !isCustomerKeyHeader(name) || name.includes("copy-source"),
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
