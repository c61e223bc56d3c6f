/** The source of a copy: looked at, opened under its own name, and pinned for all that follows. */
import {
	type CopySource,
	type Exchange,
	type HeaderMap,
	type Next,
	type Operation,
	renderCopySource,
	type S3Request,
	type S3Response,
	SealgateError,
} from "../../src/index.ts";
import { storeEtag, withStoreConditions } from "./etags.ts";
import { withoutChecksums } from "./metadata.ts";
import { refusal } from "./reading.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";

export interface Copying {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly source: CopySource;
	/** The answer to a HEAD of the source. */
	readonly seen: S3Response;
	readonly found: FoundObject;
}

/** A HEAD of the source as a client of its own would send it: under the copy's conditions, with the source's owner and key. */
export function sourceHead(
	{ headers }: S3Request,
	{ bucket, key, versionId }: CopySource,
): S3Request {
	const operation: Operation = {
		name: "HeadObject",
		method: "HEAD",
		bucket,
		key,
		query: versionId === undefined ? [] : [["versionId", versionId]],
	};
	const own = new Map<string, string>();
	for (const [name, value] of headers) {
		const condition = /^x-amz-copy-source-(if-.*)$/.exec(name)?.[1];
		const key = /^x-amz-copy-source-(server-side-encryption-customer-.*)$/.exec(
			name,
		)?.[1];
		if (condition !== undefined) {
			const isEtag = condition.endsWith("match");
			own.set(condition, isEtag ? storeEtag(value) : value);
		} else if (key !== undefined) own.set(`x-amz-${key}`, value);
		else if (name === "x-amz-source-expected-bucket-owner")
			own.set("x-amz-expected-bucket-owner", value);
		else if (name === "x-amz-request-payer") own.set(name, value);
	}
	return { operation, headers: own, body: undefined };
}

/** The store's own words about a source that it does not give: a HEAD has none. */
export async function refusedSource(
	{ operation, headers }: S3Request,
	next: Next,
	seen: S3Response,
): Promise<S3Response> {
	if (seen.status < 300) return refusal(seen);
	if (seen.status === 304 || seen.status === 412) {
		throw new SealgateError(
			"precondition-failed",
			"At least one of the pre-conditions you specified did not hold",
		);
	}
	const asked = withoutChecksums(withStoreConditions(headers));
	const response = await next({ operation, headers: asked, body: undefined });
	if (response.status >= 300) return response;
	throw new SealgateError(
		"upstream-broken",
		"The store copied an object that it did not let us look at.",
	);
}

/** This very version of the source: under an old record, a newer one would be lost data. */
export function pinnedSource({
	request,
	source,
	seen,
}: Pick<Copying, "request" | "source" | "seen">): Record<string, string> {
	const versionId = source.versionId ?? seen.headers.get("x-amz-version-id");
	const etag = seen.headers.get("etag");
	return {
		...ofSource(request.headers),
		"x-amz-copy-source": renderCopySource({ ...source, versionId }),
		...(etag === undefined ? {} : { "x-amz-copy-source-if-match": etag }),
	};
}

/** The key that the store holds the source under, and whose bucket it is. */
function ofSource(headers: HeaderMap): Record<string, string> {
	const kept = [...headers].filter(([name]) =>
		/^x-amz-(copy-source-server-side-encryption-customer-.*|source-expected-bucket-owner)$/.test(
			name,
		),
	);
	return Object.fromEntries(kept);
}
