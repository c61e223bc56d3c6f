/** Access control lists, as S3 answers them for an account that is alone: kept and answered, heeded by nobody. */
import type { S3Request, S3Response } from "../pipeline.ts";
import { element, type XmlElement } from "../s3/xml.ts";
import { document, empty, namespace, owner } from "./answers.ts";
import { StoreError } from "./errors.ts";
import {
	type Grant,
	grantsAsked,
	groups,
	ownersAlone,
	parseAcl,
} from "./grants.ts";
import { findObject, versionAsked, versionHeaders } from "./objects.ts";
import type { StoreState } from "./state.ts";

/** @param grants undefined: never set, so the owner alone */
function answer(grants: readonly Grant[] = [ownersAlone]): XmlElement {
	const xsi = { "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance" };
	const list = grants.map(({ grantee, permission }) => {
		const group = grantee.startsWith(groups);
		const who = group
			? [element("URI", grantee)]
			: [element("ID", grantee), element("DisplayName", "sealgate")];
		const type = { ...xsi, "xsi:type": group ? "Group" : "CanonicalUser" };
		return element("Grant", [
			element("Grantee", who, type),
			element("Permission", permission),
		]);
	});
	return element(
		"AccessControlPolicy",
		[owner(), element("AccessControlList", list)],
		namespace,
	);
}

/** From a document or from headers, never both. @throws StoreError */
function grantsGiven({ headers, body }: S3Request): readonly Grant[] {
	const asked = grantsAsked(headers);
	const content = body?.content ?? Buffer.alloc(0);
	if (asked === undefined) {
		if (content.length > 0) return parseAcl(content);
		throw new StoreError("MissingSecurityHeader", {
			MissingHeaderName: "x-amz-acl",
		});
	}
	if (content.length > 0) throw new StoreError("UnexpectedContent");
	return asked;
}

export function getObjectAcl(
	state: StoreState,
	request: S3Request,
): S3Response {
	const { bucket: name, key = "", method } = request.operation;
	const bucket = state.buckets.find(name);
	const object = findObject(bucket, key, versionAsked(request), method);
	return document(200, answer(object.grants), versionHeaders(bucket, object));
}

export async function putObjectAcl(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const { bucket: name, key = "", method } = request.operation;
	const bucket = state.buckets.find(name);
	const object = findObject(bucket, key, versionAsked(request), method);
	await bucket.describe({ ...object, grants: grantsGiven(request) });
	return empty(200, versionHeaders(bucket, object));
}

export function getBucketAcl(
	state: StoreState,
	request: S3Request,
): S3Response {
	const bucket = state.buckets.find(request.operation.bucket);
	const kept = bucket.settings.get("BucketAcl");
	return document(200, answer(kept && JSON.parse(kept.toString())));
}

export async function putBucketAcl(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const bucket = state.buckets.find(request.operation.bucket);
	const grants = grantsGiven(request);
	await bucket.set("BucketAcl", Buffer.from(JSON.stringify(grants)));
	return empty(200);
}
