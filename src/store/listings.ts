/** ListObjects in both versions, and the list of buckets. */
import type { S3Request, S3Response } from "../pipeline.ts";
import { compareKeys, type ListingPage, selectPage } from "../s3/listing.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { document, namespace, owner } from "./answers.ts";
import {
	commonPrefixElements,
	listingParameters,
} from "./listing-parameters.ts";
import type { StoreState } from "./state.ts";
import type { StoredObject } from "./versions.ts";

export function listObjects(state: StoreState, request: S3Request): S3Response {
	const bucket = state.buckets.find(request.operation.bucket);
	const second = request.operation.name === "ListObjectsV2";
	const parameters = listingParameters(request);
	const { value, show } = parameters;
	const token = Buffer.from(
		value("continuation-token"),
		"base64url",
	).toString();
	const most = parameters.most("max-keys");
	const ask = {
		prefix: value("prefix"),
		delimiter: value("delimiter"),
		after: second ? token || value("start-after") : value("marker"),
		most,
	};
	const keys = [...bucket.keys.keys()].filter(
		(key) => bucket.current(key) !== undefined,
	);
	const page = selectPage(keys.sort(compareKeys), ask);
	const owned = !second || value("fetch-owner") === "true";
	const facts: XmlElement[] = [
		element("Name", bucket.name),
		...parameters.echoed,
		element("MaxKeys", most),
		element("IsTruncated", page.next !== undefined),
		...continuation(second, ask.after, page, show),
		...page.keys.map((key) =>
			element("Contents", [
				...objectFacts(bucket.current(key) as StoredObject, show),
				...(owned ? [owner()] : []),
			]),
		),
		...commonPrefixElements(page.commonPrefixes, show),
	];
	return document(200, element("ListBucketResult", facts, namespace));
}

function continuation(
	second: boolean,
	after: string,
	page: ListingPage,
	show: (text: string) => string,
): XmlElement[] {
	if (second) {
		const count = element(
			"KeyCount",
			page.keys.length + page.commonPrefixes.length,
		);
		if (page.next === undefined) return [count];
		return [
			count,
			element(
				"NextContinuationToken",
				Buffer.from(page.next).toString("base64url"),
			),
		];
	}
	const marker = element("Marker", show(after));
	return page.next === undefined
		? [marker]
		: [marker, element("NextMarker", show(page.next))];
}

/** What listings say of an object, its key first. */
export function objectFacts(
	{ key, modified, etag, size, headers, checksum }: StoredObject,
	show: (text: string) => string,
): XmlElement[] {
	return [
		element("Key", show(key)),
		element("LastModified", modified),
		element("ETag", `"${etag}"`),
		...(checksum === undefined
			? []
			: [
					element("ChecksumAlgorithm", checksum.algorithm.toUpperCase()),
					element("ChecksumType", checksum.type),
				]),
		element("Size", size),
		element("StorageClass", headers["x-amz-storage-class"] ?? "STANDARD"),
	];
}

export function listAllBuckets(state: StoreState): S3Response {
	const buckets = state.buckets
		.all()
		.map(({ name, created }) =>
			element("Bucket", [
				element("Name", name),
				element("CreationDate", created.toISOString()),
			]),
		);
	const facts = [owner(), element("Buckets", buckets)];
	return document(200, element("ListAllMyBucketsResult", facts, namespace));
}
