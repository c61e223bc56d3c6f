/** The tags of objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { child, children, childText, element, parseXml } from "../s3/xml.ts";
import { document, empty, namespace } from "./answers.ts";
import type { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import { findObject, versionAsked, versionHeaders } from "./objects.ts";
import type { StoreState } from "./state.ts";
import type { StoredObject } from "./versions.ts";

export type Tags = readonly (readonly [key: string, value: string])[];

const mostTags = 10;

/** What `x-amz-tagging` says, in the form of a query. @throws StoreError */
export function tagsOf(headers: HeaderMap): Tags {
	return checked([...new URLSearchParams(headers.get("x-amz-tagging") ?? "")]);
}

export function getTags(state: StoreState, request: S3Request): S3Response {
	const [bucket, object] = tagged(state, request);
	const set = (object.tags ?? []).map(([name, value]) =>
		element("Tag", [element("Key", name), element("Value", value)]),
	);
	const result = element("Tagging", [element("TagSet", set)], namespace);
	return document(200, result, versionHeaders(bucket, object));
}

export async function putTags(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const [bucket, object] = tagged(state, request);
	const set = child(parseXml(request.body?.content ?? ""), "TagSet");
	if (set === undefined) throw new StoreError("MalformedXML");
	const tags = children(set, "Tag").map(
		(tag) =>
			[childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""] as const,
	);
	await bucket.describe({ ...object, tags: checked(tags) });
	return empty(200, versionHeaders(bucket, object));
}

export async function deleteTags(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const [bucket, { tags: _, ...rest }] = tagged(state, request);
	await bucket.describe(rest);
	return empty(204, versionHeaders(bucket, rest));
}

function tagged(
	state: StoreState,
	request: S3Request,
): [bucket: Bucket, object: StoredObject] {
	const { bucket: name, key = "", method } = request.operation;
	const bucket = state.buckets.find(name);
	return [bucket, findObject(bucket, key, versionAsked(request), method)];
}

function checked(tags: Tags): Tags {
	if (tags.length > mostTags) {
		throw new StoreError(
			"BadRequest",
			{},
			"Object tags cannot be greater than 10",
		);
	}
	const names = new Set(tags.map(([name]) => name));
	const valid = tags.every(
		([name, value]) => name !== "" && name.length <= 128 && value.length <= 256,
	);
	if (!valid) throw new StoreError("InvalidTag");
	if (names.size < tags.length) {
		throw new StoreError(
			"InvalidTag",
			{},
			"Cannot provide multiple Tags with the same key",
		);
	}
	return tags;
}
