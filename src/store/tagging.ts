/** The tags of objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { child, children, childText, element, parseXml } from "../s3/xml.ts";
import { StoreError } from "./errors.ts";
import type { Files } from "./files.ts";
import { document, empty, namespace, objectOf } from "./objects.ts";

export type Tags = readonly (readonly [key: string, value: string])[];

const mostTags = 10;

/** What `x-amz-tagging` says, in the form of a query. @throws StoreError */
export function tagsOf(headers: HeaderMap): Tags {
	return checked([...new URLSearchParams(headers.get("x-amz-tagging") ?? "")]);
}

export function getTags(files: Files, request: S3Request): S3Response {
	const { bucket, key } = request.operation;
	const { tags = [] } = objectOf(files, bucket, key);
	const set = tags.map(([name, value]) =>
		element("Tag", [element("Key", name), element("Value", value)]),
	);
	return document(200, element("Tagging", [element("TagSet", set)], namespace));
}

export async function putTags(
	files: Files,
	request: S3Request,
): Promise<S3Response> {
	const { bucket = "", key } = request.operation;
	const object = objectOf(files, bucket, key);
	const set = child(parseXml(request.body?.content ?? ""), "TagSet");
	if (set === undefined) throw new StoreError("MalformedXML");
	const tags = children(set, "Tag").map(
		(tag) =>
			[childText(tag, "Key") ?? "", childText(tag, "Value") ?? ""] as const,
	);
	await files.describe(bucket, { ...object, tags: checked(tags) });
	return empty(200);
}

export async function deleteTags(
	files: Files,
	request: S3Request,
): Promise<S3Response> {
	const { bucket = "", key } = request.operation;
	const { tags: _, ...rest } = objectOf(files, bucket, key);
	await files.describe(bucket, rest);
	return empty(204);
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
