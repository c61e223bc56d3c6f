/** What a client may touch: buckets, key prefixes and verbs. Pure. */
import { SealgateError } from "../errors.ts";
import type { ClientLimits, Exchange } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Route } from "../routes.ts";
import { parseCopySource } from "../s3/copy-source.ts";
import { globMatches } from "../s3/glob.ts";
import { type Operation, queryValue } from "../s3/operation.ts";
import { asPath } from "../s3/spelling.ts";

/** @throws SealgateError `access-denied` where the client may not ask this, copy sources included */
export function checkClientLimits(
	limits: ClientLimits,
	operation: Operation,
	headers: HeaderMap,
): void {
	const { method, bucket, key, query } = operation;
	if (limits.verbs !== undefined && !limits.verbs.includes(method)) {
		throw denied(`the method ${method}`);
	}
	const deletes =
		operation.name === "DeleteObjects" || headers.has("x-amz-rename-source");
	if (deletes && limits.verbs !== undefined && !limits.verbs.includes("DELETE"))
		throw denied(`${operation.name}, which deletes`);
	if (bucket === undefined) return;
	if (!mayUseBucket(limits, bucket)) throw denied(`the bucket ${bucket}`);
	if (key !== undefined) {
		if (!mayUseObject(limits, bucket, key)) throw denied(`the key ${key}`);
	} else if (limits.prefixes !== undefined) {
		const prefix = queryValue(query, "prefix");
		checkBucketOperation(limits, operation.name, bucket, prefix);
	}
	for (const name of ["x-amz-copy-source", "x-amz-rename-source"]) {
		const source = headers.get(name);
		if (source !== undefined) checkSource(limits, source);
	}
}

function checkSource(limits: ClientLimits, source: string): void {
	const from = parseCopySource(source);
	if (limits.verbs !== undefined && !limits.verbs.includes("GET")) {
		throw denied("reading a copy source");
	}
	if (
		!mayUseBucket(limits, from.bucket) ||
		!mayUseObject(limits, from.bucket, from.key)
	) {
		throw denied(`the copy source ${from.bucket}/${from.key}`);
	}
}

/** Operations of a bucket that tell or change nothing about keys outside the prefixes. DeleteObjects is judged key by key. */
const harmless = new Set(["HeadBucket", "GetBucketLocation", "DeleteObjects"]);
const listings = new Set([
	"ListObjects",
	"ListObjectsV2",
	"ListObjectVersions",
	"ListMultipartUploads",
]);

function checkBucketOperation(
	limits: ClientLimits,
	name: string,
	bucket: string,
	prefix = "",
): void {
	if (harmless.has(name)) return;
	if (!listings.has(name))
		throw denied(`${name}, which is about the whole bucket`);
	if (!mayUseObject(limits, bucket, prefix))
		throw denied(`a listing of prefix "${prefix}"`);
}

export function mayUseBucket(limits: ClientLimits, bucket: string): boolean {
	return (
		limits.buckets === undefined ||
		limits.buckets.some((glob) => globMatches(glob, bucket))
	);
}

/** Also as a store reads it that takes the key for the path of a file. */
export function mayUseObject(
	limits: ClientLimits,
	bucket: string,
	key: string,
): boolean {
	const path = asPath(bucket, key);
	return (
		mayUseKey(limits, key) &&
		mayUseKey(limits, path.key) &&
		(path.bucket === bucket || mayUseBucket(limits, path.bucket))
	);
}

function mayUseKey(limits: ClientLimits, key: string): boolean {
	return (
		limits.prefixes === undefined ||
		limits.prefixes.some((prefix) => key.startsWith(prefix))
	);
}

export function mayUseRoute(limits: ClientLimits, route: Route): boolean {
	return limits.routes === undefined || limits.routes.includes(route.name);
}

function denied(what: string): SealgateError {
	return new SealgateError(
		"access-denied",
		`Access Denied: this client may not use ${what}.`,
	);
}

/** @throws SealgateError `access-denied` where the client is limited to other routes */
export function checkRouteLimit(exchange: Exchange, route: Route): void {
	if (!mayUseRoute(exchange.client?.limits ?? {}, route)) {
		throw denied(`the route ${route.name}`);
	}
}
