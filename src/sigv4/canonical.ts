/**
 * The canonical request of S3: the path is encoded once and never normalised.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHash } from "node:crypto";
import type { Query } from "../s3/operation.ts";
import { type Scope, scopeText } from "./scope.ts";

type Headers = ReadonlyMap<string, string>;

/** Percent-encodes all but the unreserved characters of RFC 3986. */
export function encodeQueryValue(value: string): string {
	return encodeURIComponent(value).replace(
		/[!'()*]/g,
		(character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
	);
}

/** The same, with slashes left as they are. */
export function encodePath(path: string): string {
	return encodeQueryValue(path).replaceAll("%2F", "/");
}

/** Sorted by encoded name, then by encoded value; the signature itself left out. */
export function canonicalQuery(query: Query): string {
	return query
		.filter(([name]) => name !== "X-Amz-Signature")
		.map(([name, value]) => [encodeQueryValue(name), encodeQueryValue(value)])
		.sort(
			([a, x], [b, y]) =>
				order(a as string, b as string) || order(x as string, y as string),
		)
		.map(([name, value]) => `${name}=${value}`)
		.join("&");
}

function order(a: string, b: string): number {
	return a < b ? -1 : a > b ? 1 : 0;
}

export interface CanonicalInput {
	readonly method: string;
	readonly canonicalPath: string;
	readonly canonicalQuery: string;
	readonly headers: Headers;
	/** Lower case, sorted. */
	readonly signedHeaders: readonly string[];
	readonly payloadHash: string;
}

/** A latin1 string: one character for each byte that is signed. */
export function canonicalRequest(input: CanonicalInput): string {
	const headers = input.signedHeaders.map(
		(name) => `${name}:${canonicalValue(input.headers.get(name) ?? "")}\n`,
	);
	return [
		input.method,
		input.canonicalPath,
		input.canonicalQuery,
		headers.join(""),
		input.signedHeaders.join(";"),
		input.payloadHash,
	].join("\n");
}

function canonicalValue(value: string): string {
	return value.trim().replace(/ {2,}/g, " ");
}

export function stringToSign(
	amzDate: string,
	scope: Scope,
	canonical: string,
): string {
	const hash = createHash("sha256").update(canonical, "latin1").digest("hex");
	return `AWS4-HMAC-SHA256\n${amzDate}\n${scopeText(scope)}\n${hash}`;
}
