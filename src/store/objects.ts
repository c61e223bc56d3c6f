/** Which version of an object a request is about, and what a write keeps of its headers. */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request } from "../pipeline.ts";
import { evaluateConditions } from "../s3/conditions.ts";
import { queryValue } from "../s3/operation.ts";
import type { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import {
	type DeleteMarker,
	isVersionId,
	type StoredObject,
	type Version,
} from "./versions.ts";

/** @throws StoreError for an id that is none. S3 tells it from the id of a version that is not there */
export function versionAsked({ operation }: S3Request): string | undefined {
	return checkVersionId(queryValue(operation.query, "versionId"));
}

export function checkVersionId(id: string | undefined): string | undefined {
	if (id === undefined || isVersionId(id)) return id;
	throw new StoreError(
		"InvalidArgument",
		{ ArgumentName: "versionId", ArgumentValue: id },
		"Invalid version id specified",
	);
}

/**
 * @param method of the request, or `copy` for the source of one: of a delete marker each hears something else
 * @throws StoreError where there is no object
 */
export function findObject(
	bucket: Bucket,
	key: string,
	versionId: string | undefined,
	method: string,
): StoredObject {
	const versions = bucket.keys.get(key) ?? [];
	const version =
		versionId === undefined
			? versions[0]
			: versions.find((candidate) => candidate.versionId === versionId);
	if (version === undefined) {
		if (versionId === undefined)
			throw new StoreError("NoSuchKey", { Key: key });
		throw new StoreError("NoSuchVersion", { Key: key, VersionId: versionId });
	}
	if (version.deleted) throw markerFound(version, versionId, method);
	return version;
}

function markerFound(
	marker: DeleteMarker,
	versionId: string | undefined,
	method: string,
): StoreError {
	const headers = {
		"x-amz-delete-marker": "true",
		"x-amz-version-id": marker.versionId,
	};
	if (method === "copy" && versionId !== undefined) {
		const message =
			"The source of a copy request may not specifically refer to a delete marker by version id.";
		return new StoreError("InvalidRequest", {}, message);
	}
	const reads = ["GET", "HEAD", "copy"].includes(method);
	if (reads && versionId === undefined) {
		return new StoreError("NoSuchKey", { Key: marker.key }, undefined, headers);
	}
	return new StoreError(
		"MethodNotAllowed",
		{ Method: method, ResourceType: "DeleteMarker" },
		undefined,
		{
			...headers,
			allow: "DELETE",
			"last-modified": new Date(marker.modified).toUTCString(),
		},
	);
}

/** Answers name versions once versioning was ever on. */
export function versionHeaders(
	bucket: Bucket,
	{ versionId }: Version,
): Record<string, string> {
	return bucket.versioning === "off" ? {} : { "x-amz-version-id": versionId };
}

/** As `versionHeaders`, but the null version of a write is not named. */
export function writtenHeaders(
	bucket: Bucket,
	version: Version,
): Record<string, string> {
	return version.versionId === "null" ? {} : versionHeaders(bucket, version);
}

/** Whether a read may answer with nothing new. @throws StoreError where a condition does not hold */
export function checkConditions(
	kind: "read" | "copy" | "write",
	headers: HeaderMap,
	object: StoredObject | undefined,
): "proceed" | "not-modified" {
	const state = object && {
		etag: object.etag,
		lastModified: new Date(object.modified),
	};
	const outcome = evaluateConditions(kind, headers, state, new Date());
	if (typeof outcome === "string") return outcome;
	throw new StoreError("PreconditionFailed", { Condition: outcome.failed });
}

const kept =
	/^(content-type|content-encoding|content-disposition|content-language|cache-control|expires|x-amz-meta-.*|x-amz-storage-class|x-amz-website-redirect-location)$/;

/** What a write asks the store to keep and answer on reads. */
export function headersToKeep(headers: HeaderMap): Record<string, string> {
	return {
		"content-type": "binary/octet-stream",
		...Object.fromEntries([...headers].filter(([name]) => kept.test(name))),
	};
}
