/**
 * Where a request is addressed. Keys are bytes: nothing is normalised, `%2F` is a slash of the key, `+` is a plus.
 * In the query a `+` is a space: S3 reads it so, and clients that send one sign it as `%20` (curl, issue 20543).
 */
import { SealgateError } from "../errors.ts";
import { isBucketName } from "./bucket.ts";
import type { Query } from "./operation.ts";

export interface Target {
	/** As it came: percent-encoded, beginning with a slash. */
	readonly path: string;
	/** Decoded, in the order of arrival, with the parameters of authentication. */
	readonly query: Query;
}

/** A bucket without a key is the bucket itself; neither is the service. */
export interface Address {
	readonly bucket: string | undefined;
	readonly key: string | undefined;
}

const keyBytes = 1_024;

/** @throws SealgateError `uri-malformed` */
export function parseTarget(target: string): Target {
	if (!target.startsWith("/") || target.includes("#")) throw malformed();
	const mark = target.indexOf("?");
	const path = mark < 0 ? target : target.slice(0, mark);
	const text = mark < 0 ? "" : target.slice(mark + 1);
	const query = text
		.replaceAll("+", " ")
		.split("&")
		.filter((pair) => pair !== "")
		.map((pair): [string, string] => {
			const equals = pair.indexOf("=");
			return equals < 0
				? [decode(pair), ""]
				: [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
		});
	return { path, query };
}

/**
 * `/bucket/key`; `/bucket` and `/bucket/` are the bucket itself.
 * @throws SealgateError `uri-malformed`, `bucket-name-invalid`, `key-too-long`
 */
export function pathStyle(path: string): Address {
	if (path === "/") return { bucket: undefined, key: undefined };
	const slash = path.indexOf("/", 1);
	const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
	if (bucket.includes("\0")) throw malformed();
	if (!isBucketName(bucket)) {
		throw new SealgateError(
			"bucket-name-invalid",
			"The specified bucket is not valid.",
			{ fields: { BucketName: bucket } },
		);
	}
	return { bucket, key: keyOf(slash < 0 ? "" : path.slice(slash + 1)) };
}

/**
 * The whole path is the key, and `/` the bucket itself.
 * @throws SealgateError `uri-malformed`, `key-too-long`
 */
export function virtualHosted(bucket: string, path: string): Address {
	return { bucket, key: keyOf(path.slice(1)) };
}

function keyOf(encoded: string): string | undefined {
	const key = decode(encoded);
	checkKeyLength(key);
	return key === "" ? undefined : key;
}

/** @throws SealgateError `key-too-long` */
export function checkKeyLength(key: string): void {
	const size = Buffer.byteLength(key);
	if (size <= keyBytes) return;
	throw new SealgateError("key-too-long", "Your key is too long", {
		fields: { Size: String(size), MaxSizeAllowed: String(keyBytes) },
	});
}

function decode(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch (cause) {
		throw malformed(cause);
	}
}

function malformed(cause?: unknown): SealgateError {
	return new SealgateError(
		"uri-malformed",
		"Couldn't parse the specified URI.",
		{ cause },
	);
}
