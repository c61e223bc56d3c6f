/** ListObjects in both versions, and the list of buckets. */
import type { S3Request, S3Response } from "../pipeline.ts";
import {
	compareKeys,
	encodeListingValue,
	type ListingPage,
	selectPage,
} from "../s3/listing.ts";
import { queryValue } from "../s3/operation.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import type { Files, StoredObject } from "./files.ts";
import { bucketOf, document, namespace } from "./objects.ts";

const mostKeys = 1_000;

export function listObjects(files: Files, request: S3Request): S3Response {
	const { bucket = "", name, query } = request.operation;
	const objects = bucketOf(files, bucket);
	const second = name === "ListObjectsV2";
	const value = (parameter: string): string =>
		queryValue(query, parameter) ?? "";
	const token = Buffer.from(
		value("continuation-token"),
		"base64url",
	).toString();
	const most = Math.min(
		Number(queryValue(query, "max-keys") ?? mostKeys),
		mostKeys,
	);
	const ask = {
		prefix: value("prefix"),
		delimiter: value("delimiter"),
		after: second ? token || value("start-after") : value("marker"),
		most,
	};
	const encoded = value("encoding-type") === "url";
	const show = (text: string): string =>
		encoded ? encodeListingValue(text) : text;
	const page = selectPage([...objects.keys()].sort(compareKeys), ask);
	const facts: XmlElement[] = [
		element("Name", bucket),
		element("Prefix", show(ask.prefix)),
		...(ask.delimiter === ""
			? []
			: [element("Delimiter", show(ask.delimiter))]),
		element("MaxKeys", most),
		...(encoded ? [element("EncodingType", "url")] : []),
		element("IsTruncated", page.next !== undefined),
		...continuation(second, ask.after, page, show),
		...page.keys.map((key) => contents(objects.get(key) as StoredObject, show)),
		...page.commonPrefixes.map((prefix) =>
			element("CommonPrefixes", [element("Prefix", show(prefix))]),
		),
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

function contents(
	object: StoredObject,
	show: (text: string) => string,
): XmlElement {
	return element("Contents", [
		element("Key", show(object.key)),
		element("LastModified", object.modified),
		element("ETag", `"${object.etag}"`),
		element("Size", object.size),
		element(
			"StorageClass",
			object.headers["x-amz-storage-class"] ?? "STANDARD",
		),
	]);
}

export function listAllBuckets(files: Files): S3Response {
	const buckets = [...files.buckets.keys()]
		.sort()
		.map((name) =>
			element("Bucket", [
				element("Name", name),
				element("CreationDate", "2026-01-01T00:00:00.000Z"),
			]),
		);
	const owner = element("Owner", [
		element("ID", "sealgate"),
		element("DisplayName", "sealgate"),
	]);
	return document(
		200,
		element(
			"ListAllMyBucketsResult",
			[owner, element("Buckets", buckets)],
			namespace,
		),
	);
}
