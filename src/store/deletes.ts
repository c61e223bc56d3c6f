/** DeleteObject and DeleteObjects. */
import type { S3Request, S3Response } from "../pipeline.ts";
import {
	children,
	childText,
	element,
	parseXml,
	type XmlElement,
} from "../s3/xml.ts";
import { document, empty, namespace } from "./answers.ts";
import type { Bucket, Guard } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import { bypassesGovernance, checkRemovable } from "./locks.ts";
import { checkConditions, checkVersionId, versionAsked } from "./objects.ts";
import type { StoreState } from "./state.ts";

/** What became of a delete. */
interface Deleted {
	/** The version that was removed for good, where the request named one. */
	readonly removed: string | undefined;
	/** The delete marker that was made or removed. */
	readonly marker: string | undefined;
}

const mostKeys = 1_000;

async function remove(
	bucket: Bucket,
	key: string,
	versionId: string | undefined,
	guard: Guard,
	bypasses: boolean,
): Promise<Deleted> {
	if (versionId === undefined) {
		const marker = await bucket.hide(key, guard);
		return { removed: undefined, marker: marker?.versionId };
	}
	const version = await bucket.remove(key, versionId, (found) =>
		checkRemovable(found, bypasses),
	);
	const marker = version?.deleted ? versionId : undefined;
	return { removed: versionId, marker };
}

export async function deleteObject(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const { key = "" } = request.operation;
	const bucket = state.buckets.find(request.operation.bucket);
	const { removed, marker } = await remove(
		bucket,
		key,
		versionAsked(request),
		(current) => void checkConditions("write", request.headers, current),
		bypassesGovernance(request.headers),
	);
	const version = removed ?? marker;
	return empty(204, {
		...(version === undefined ? {} : { "x-amz-version-id": version }),
		...(marker === undefined ? {} : { "x-amz-delete-marker": "true" }),
	});
}

export async function deleteObjects(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const bucket = state.buckets.find(request.operation.bucket);
	const ask = parseXml(request.body?.content ?? "");
	const objects = children(ask, "Object");
	if (objects.length === 0 || objects.length > mostKeys) {
		throw new StoreError("MalformedXML");
	}
	const quiet = childText(ask, "Quiet") === "true";
	const results: XmlElement[] = [];
	for (const object of objects) {
		const result = await deleteOne(
			bucket,
			object,
			bypassesGovernance(request.headers),
		);
		if (!quiet || result.name === "Error") results.push(result);
	}
	return document(200, element("DeleteResult", results, namespace));
}

async function deleteOne(
	bucket: Bucket,
	object: XmlElement,
	bypasses: boolean,
): Promise<XmlElement> {
	const key = childText(object, "Key") ?? "";
	const versionId = childText(object, "VersionId");
	const etag = childText(object, "ETag");
	const named = [
		element("Key", key),
		...(versionId === undefined ? [] : [element("VersionId", versionId)]),
	];
	try {
		const conditions = new Map(etag === undefined ? [] : [["if-match", etag]]);
		const { marker } = await remove(
			bucket,
			key,
			checkVersionId(versionId),
			(current) => void checkConditions("write", conditions, current),
			bypasses,
		);
		return element("Deleted", [
			...named,
			...(marker === undefined
				? []
				: [
						element("DeleteMarker", true),
						element("DeleteMarkerVersionId", marker),
					]),
		]);
	} catch (error) {
		if (!(error instanceof StoreError)) throw error;
		return element("Error", [
			...named,
			element("Code", error.code),
			element("Message", error.message),
		]);
	}
}
