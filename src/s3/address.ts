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
export function pathStyle(path: string): {
	bucket: string | undefined;
	key: string | undefined;
} {
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
	const key = slash < 0 ? "" : decode(path.slice(slash + 1));
	const size = Buffer.byteLength(key);
	if (size > keyBytes) {
		throw new SealgateError("key-too-long", "Your key is too long", {
			fields: { Size: String(size), MaxSizeAllowed: String(keyBytes) },
		});
	}
	return { bucket, key: key === "" ? undefined : key };
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
