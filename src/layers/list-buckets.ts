/** ListBuckets shows what the client may see, merged over all upstreams. */
import type { ClientLimits, Exchange } from "../exchange.ts";
import { bodyOf } from "../http/body.ts";
import type { Handler, S3Request, S3Response } from "../pipeline.ts";
import { type Route, routesOfBucket } from "../routes.ts";
import { queryValue } from "../s3/operation.ts";
import {
	child,
	children,
	childText,
	element,
	renderXml,
	type XmlElement,
} from "../s3/xml.ts";
import { mayUseBucket, mayUseRoute } from "./client-limits.ts";
import { readStoreDocument } from "./store-document.ts";

/** Bytes of one page of a store's answer. */
const answerBytes = 16 * 1024 * 1024;
const mostBuckets = 10_000;

export async function listBuckets(
	routes: readonly Route[],
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): Promise<S3Response> {
	const limits = exchange.client?.limits ?? {};
	const merged = new Map<string, XmlElement>();
	let owner: XmlElement | undefined;
	const asked = new Set<string>();
	for (const route of routes) {
		if (!mayUseRoute(limits, route)) continue;
		if (asked.has(route.upstream)) continue;
		asked.add(route.upstream);
		const found = await bucketsOf(request, { ...exchange, route }, next);
		if (!Array.isArray(found.buckets)) return found.refusal as S3Response;
		owner ??= found.owner;
		for (const bucket of found.buckets) {
			const name = childText(bucket, "Name") ?? "";
			if (maySee(limits, routes, name)) merged.set(name, bucket);
		}
	}
	return page(request, owner, merged);
}

/** A bucket is seen by a client that may use it on one route at least. */
function maySee(
	limits: ClientLimits,
	routes: readonly Route[],
	bucket: string,
): boolean {
	return (
		mayUseBucket(limits, bucket) &&
		routesOfBucket(routes, bucket).some((route) => mayUseRoute(limits, route))
	);
}

interface Found {
	readonly buckets?: XmlElement[];
	readonly owner?: XmlElement | undefined;
	/** The store's own refusal, passed on as it is. */
	readonly refusal?: S3Response;
}

async function bucketsOf(
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): Promise<Found> {
	const buckets: XmlElement[] = [];
	let owner: XmlElement | undefined;
	let token: string | undefined;
	do {
		const query: [string, string][] =
			token === undefined
				? []
				: [
						["continuation-token", token],
						["max-buckets", String(mostBuckets)],
					];
		const response = await next(
			{ ...request, operation: { ...request.operation, query } },
			exchange,
		);
		if (response.status !== 200 || response.body === undefined)
			return { refusal: response };
		const document = await readStoreDocument(
			response.body,
			answerBytes,
			"list of buckets",
		);
		owner ??= child(document, "Owner");
		const list = child(document, "Buckets");
		if (list !== undefined) buckets.push(...children(list, "Bucket"));
		token = childText(document, "ContinuationToken");
	} while (token !== undefined && token !== "");
	return { buckets, owner };
}

/** Our continuation token is the name of the last bucket shown. */
function page(
	request: S3Request,
	owner: XmlElement | undefined,
	merged: ReadonlyMap<string, XmlElement>,
): S3Response {
	const { query } = request.operation;
	const prefix = queryValue(query, "prefix") ?? "";
	const after = Buffer.from(
		queryValue(query, "continuation-token") ?? "",
		"base64url",
	).toString();
	const most = Math.min(
		Number(queryValue(query, "max-buckets") ?? mostBuckets) || mostBuckets,
		mostBuckets,
	);
	const names = [...merged.keys()]
		.filter((name) => name.startsWith(prefix) && name > after)
		.sort();
	const shown = names.slice(0, most);
	const document = element(
		"ListAllMyBucketsResult",
		[
			...(owner === undefined ? [] : [owner]),
			element(
				"Buckets",
				shown.map((name) => merged.get(name) as XmlElement),
			),
			...(prefix === "" ? [] : [element("Prefix", prefix)]),
			...(names.length > shown.length
				? [
						element(
							"ContinuationToken",
							Buffer.from(shown.at(-1) as string).toString("base64url"),
						),
					]
				: []),
		],
		{ xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" },
	);
	return {
		status: 200,
		headers: new Map([["content-type", "application/xml"]]),
		body: bodyOf(renderXml(document)),
	};
}
