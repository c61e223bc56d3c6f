/** A listing is sent once; each of its entries is then rewritten by the route that the entry's own key falls on. */
import { bounded } from "../bounded.ts";
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { bodyOf } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { type Route, routesOfBucket } from "../routes.ts";
import type { Operation } from "../s3/operation.ts";
import type { OperationName } from "../s3/operations.ts";
import { childText, renderXml, type XmlElement } from "../s3/xml.ts";
import type { RouteOf } from "./choose.ts";
import { readStoreDocument } from "./store-document.ts";

/** The elements that stand for one object, version or upload. Delete markers say nothing that a policy changes. */
const entries: Partial<Record<OperationName, string>> = {
	ListObjects: "Contents",
	ListObjectsV2: "Contents",
	ListObjectVersions: "Version",
	ListMultipartUploads: "Upload",
};

/** Sends a request of a policy's own through all policies of a route. */
export type Ask = (route: Route, request: S3Request) => Promise<S3Response>;

/** Entries that policies look at together: some ask the store about each. */
const mostAtOnce = 16;

/** Bytes of a page of 1,000 keys, each of 1,024 bytes and escaped. */
const pageBytes = 16 * 1024 * 1024;

/** Whether a policy of the bucket wants to see the entries; all other listings stream through unread. */
export function rewritesListing(
	routes: readonly Route[],
	{ name, bucket }: Operation,
): boolean {
	return (
		entries[name] !== undefined &&
		routesOfBucket(routes, bucket).some(hasEntryPolicy)
	);
}

function hasEntryPolicy(route: Route): boolean {
	return (
		route.mode === "enforce" &&
		route.policies.some(({ policy }) => policy.entry !== undefined)
	);
}

/** @throws SealgateError `upstream-broken` where the page is too long or none */
export async function rewriteListing(
	response: S3Response,
	operation: Operation,
	exchange: Exchange,
	at: RouteOf,
	ask: Ask,
): Promise<S3Response> {
	if (response.status !== 200 || response.body === undefined) return response;
	const page = await readStoreDocument(response.body, pageBytes, "listing");
	const encoded = childText(page, "EncodingType") === "url";
	const rewritten = await bounded(page.children, mostAtOnce, (child) => {
		if (child.name !== entries[operation.name]) return Promise.resolve(child);
		const key = childText(child, "Key") ?? "";
		const named = { ...operation, key: encoded ? decodeKey(key) : key };
		return rewriteEntry(child, named, exchange, at, ask);
	});
	const children = rewritten.filter((child) => child !== undefined);
	const headers = new Map(response.headers);
	headers.delete("content-length");
	return {
		...response,
		headers,
		body: bodyOf(renderXml({ ...page, children })),
	};
}

async function rewriteEntry(
	entry: XmlElement,
	operation: Operation,
	exchange: Exchange,
	at: RouteOf,
	ask: Ask,
): Promise<XmlElement | undefined> {
	const route = at("GetObject", operation);
	if (!hasEntryPolicy(route)) return entry;
	let current: XmlElement | undefined = entry;
	// The last policy of a route is nearest to the store, and sees its answers first.
	for (const { policy } of route.policies.toReversed()) {
		if (current === undefined) return undefined;
		if (policy.entry !== undefined)
			current = await policy.entry(
				current,
				operation,
				{ ...exchange, route },
				(request) => ask(route, request),
			);
	}
	return current;
}

/** Stores write a space as `+` in a listing with `encoding-type=url`, and a plus as `%2B`. */
function decodeKey(text: string): string {
	try {
		return decodeURIComponent(text.replaceAll("+", " "));
	} catch (cause) {
		throw new SealgateError(
			"upstream-broken",
			"The store's listing names a key that is not encoded as it says.",
			{ cause },
		);
	}
}
