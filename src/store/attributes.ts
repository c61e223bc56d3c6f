/** GetObjectAttributes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
import type { S3Request, S3Response } from "../pipeline.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { document, namespace } from "./answers.ts";
import { checkCustomerKey } from "./customer-keys.ts";
import { StoreError } from "./errors.ts";
import { atMost } from "./listing-parameters.ts";
import { findObject, versionAsked, versionHeaders } from "./objects.ts";
import type { StoreState } from "./state.ts";
import type { StoredObject } from "./versions.ts";

const mostParts = 1_000;

type Describe = (object: StoredObject, request: S3Request) => XmlElement[];

/** In the order of the answer. */
const attributes: Readonly<Record<string, Describe>> = {
	ETag: ({ etag }) => [element("ETag", etag)],
	Checksum: ({ checksum }) =>
		checksum === undefined
			? []
			: [
					element("Checksum", [
						element(
							`Checksum${checksum.algorithm.toUpperCase()}`,
							checksum.value,
						),
						element("ChecksumType", checksum.type),
					]),
				],
	ObjectParts: partsOf,
	StorageClass: ({ headers }) => [
		element("StorageClass", headers["x-amz-storage-class"] ?? "STANDARD"),
	],
	ObjectSize: ({ size }) => [element("ObjectSize", size)],
};

export function getAttributes(
	state: StoreState,
	request: S3Request,
): S3Response {
	const { bucket: name, key = "", method } = request.operation;
	const asked = (request.headers.get("x-amz-object-attributes") ?? "")
		.split(",")
		.map((attribute) => attribute.trim());
	if (asked.some((attribute) => !Object.hasOwn(attributes, attribute))) {
		throw new StoreError(
			"InvalidArgument",
			{ ArgumentName: "x-amz-object-attributes" },
			"Invalid attribute name specified.",
		);
	}
	const bucket = state.buckets.find(name);
	const object = findObject(bucket, key, versionAsked(request), method);
	checkCustomerKey(request.headers, "object", object.encryption.customerKey);
	const facts = Object.entries(attributes)
		.filter(([attribute]) => asked.includes(attribute))
		.flatMap(([, describe]) => describe(object, request));
	const root = element("GetObjectAttributesResponse", facts, namespace);
	return document(200, root, {
		"last-modified": new Date(object.modified).toUTCString(),
		...versionHeaders(bucket, object),
	});
}

/** The parts themselves only where they have composite checksums, as on AWS; else their number alone. */
function partsOf(
	{ parts, checksum }: StoredObject,
	{ headers }: S3Request,
): XmlElement[] {
	if (parts === undefined) return [];
	const count = element("PartsCount", parts.length);
	if (checksum?.type !== "COMPOSITE") return [element("ObjectParts", [count])];
	const asked = headers.get("x-amz-max-parts");
	const most = atMost("x-amz-max-parts", asked, mostParts);
	const from = headers.get("x-amz-part-number-marker") ?? "0";
	const marker = atMost("x-amz-part-number-marker", from, 10_000);
	const shown = parts.slice(marker, marker + most);
	const named = `Checksum${checksum.algorithm.toUpperCase()}`;
	return [
		element("ObjectParts", [
			count,
			element("PartNumberMarker", marker),
			element("NextPartNumberMarker", marker + shown.length),
			element("MaxParts", most),
			element("IsTruncated", marker + shown.length < parts.length),
			...shown.map((part, index) =>
				element("Part", [
					element("PartNumber", marker + index + 1),
					element("Size", part.size),
					element(named, part.checksum),
				]),
			),
		]),
	];
}
