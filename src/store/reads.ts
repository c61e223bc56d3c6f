/** GetObject and HeadObject. */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { queryValue } from "../s3/operation.ts";
import { parseRange } from "../s3/range.ts";
import { empty } from "./answers.ts";
import { checksumHeaders } from "./checksums.ts";
import { checkCustomerKey } from "./customer-keys.ts";
import { answeredEncryption } from "./encryption.ts";
import { StoreError } from "./errors.ts";
import { lockHeaders } from "./locks.ts";
import {
	checkConditions,
	findObject,
	versionAsked,
	versionHeaders,
} from "./objects.ts";
import type { StoreState } from "./state.ts";
import type { StoredObject } from "./versions.ts";

const encryption = "x-amz-server-side-encryption";

export async function getObject(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const { key = "", query, method } = request.operation;
	const { headers } = request;
	for (const name of [encryption, `${encryption}-aws-kms-key-id`]) {
		if (headers.has(name)) {
			throw new StoreError("InvalidArgument", { ArgumentName: name });
		}
	}
	const bucket = state.buckets.find(request.operation.bucket);
	const part = partAsked(request);
	const object = findObject(bucket, key, versionAsked(request), method);
	checkCustomerKey(headers, "object", object.encryption.customerKey);
	if (object.encryption.keyId !== undefined) {
		state.keys.check(object.encryption.keyId);
	}
	const facts: Record<string, string> = {
		...object.headers,
		...answeredEncryption(object.encryption, headers),
		...versionHeaders(bucket, object),
		etag: `"${object.etag}"`,
		"last-modified": new Date(object.modified).toUTCString(),
		"accept-ranges": "bytes",
		...lockHeaders(object.lock ?? {}),
		...(object.tags?.length
			? { "x-amz-tagging-count": String(object.tags.length) }
			: {}),
	};
	if (checkConditions("read", headers, object) === "not-modified") {
		return empty(304, {
			etag: `"${object.etag}"`,
			"last-modified": facts["last-modified"] as string,
			...versionHeaders(bucket, object),
		});
	}
	for (const [name, value] of query) {
		if (name.startsWith("response-")) {
			facts[name.slice("response-".length)] = value;
		}
	}
	const { start, end, partial } = rangeOf(
		object,
		rangeAsked(headers, facts),
		part,
		facts,
	);
	const asks = headers.get("x-amz-checksum-mode") === "ENABLED";
	if (asks && !partial) Object.assign(facts, checksumHeaders(object.checksum));
	if (partial) facts["content-range"] = `bytes ${start}-${end}/${object.size}`;
	facts["content-length"] = String(end - start + 1);
	return {
		status: partial ? 206 : 200,
		headers: new Map(Object.entries(facts)),
		body: method === "HEAD" ? undefined : await bucket.read(object, start, end),
	};
}

/** @throws StoreError before the object is looked for */
function partAsked({ operation, headers }: S3Request): number | undefined {
	const text = queryValue(operation.query, "partNumber");
	if (text === undefined) return undefined;
	if (headers.has("range")) {
		const message =
			"Cannot specify both Range header and partNumber query parameter";
		throw new StoreError("InvalidRequest", {}, message);
	}
	const number = /^\d+$/.test(text) ? Number(text) : 0;
	if (number >= 1 && number <= 10_000) return number;
	throw new StoreError("InvalidArgument", {
		ArgumentName: "partNumber",
		ArgumentValue: text,
	});
}

/** Undefined also where `If-Range` names another object than this. RFC 9110, 13.1.5. */
function rangeAsked(
	headers: HeaderMap,
	facts: Readonly<Record<string, string>>,
): string | undefined {
	const condition = headers.get("if-range");
	if (condition === undefined) return headers.get("range");
	const now = [facts.etag, facts["last-modified"]];
	return now.includes(condition.trim()) ? headers.get("range") : undefined;
}

interface Cut {
	readonly start: number;
	/** Inclusive; before `start` where there are no bytes. */
	readonly end: number;
	readonly partial: boolean;
}

function rangeOf(
	object: StoredObject,
	range: string | undefined,
	partNumber: number | undefined,
	facts: Record<string, string>,
): Cut {
	if (partNumber !== undefined) return partOf(object, partNumber, facts);
	const outcome =
		range === undefined ? "ignored" : parseRange(range, object.size);
	if (outcome === "ignored") {
		return { start: 0, end: object.size - 1, partial: false };
	}
	if (outcome === "unsatisfiable") {
		throw new StoreError("InvalidRange", {
			RangeRequested: range as string,
			ActualObjectSize: String(object.size),
		});
	}
	return { ...outcome, partial: true };
}

function partOf(
	object: StoredObject,
	partNumber: number,
	facts: Record<string, string>,
): Cut {
	const sizes = object.parts?.map(({ size }) => size) ?? [object.size];
	const index = partNumber - 1;
	const size = sizes[index];
	if (size === undefined) {
		throw new StoreError("InvalidPartNumber", {
			ActualPartCount: String(sizes.length),
			PartNumberRequested: String(partNumber),
		});
	}
	if (object.parts !== undefined) {
		facts["x-amz-mp-parts-count"] = String(sizes.length);
	}
	const start = sizes.slice(0, index).reduce((sum, part) => sum + part, 0);
	return { start, end: start + size - 1, partial: size > 0 };
}
