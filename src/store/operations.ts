/** Which code answers which operation. What is not in the table is not implemented, and the store says so. */
import type { S3Request, S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { element, renderXml } from "../s3/xml.ts";
import {
	getBucketAcl,
	getObjectAcl,
	putBucketAcl,
	putObjectAcl,
} from "./acl.ts";
import { document, empty, namespace } from "./answers.ts";
import { getAttributes } from "./attributes.ts";
import type { Bucket } from "./bucket.ts";
import { completeUpload } from "./complete.ts";
import { copyObject } from "./copies.ts";
import { deleteObject, deleteObjects } from "./deletes.ts";
import { grantsAsked } from "./grants.ts";
import { listAllBuckets, listObjects } from "./listings.ts";
import {
	getLegalHold,
	getRetention,
	putLegalHold,
	putRetention,
} from "./locking.ts";
import {
	abortUpload,
	createUpload,
	uploadPart,
	uploadPartCopy,
} from "./multipart.ts";
import { getObject } from "./reads.ts";
import type { StoreState } from "./state.ts";
import { deleteTags, getTags, putTags } from "./tagging.ts";
import { listParts, listUploads } from "./upload-listing.ts";
import { listVersions } from "./version-listing.ts";
import { putObject } from "./writes.ts";

type Serve = (
	state: StoreState,
	request: S3Request,
) => S3Response | Promise<S3Response>;

export const served: Readonly<Partial<Record<OperationName, Serve>>> = {
	AbortMultipartUpload: abortUpload,
	CompleteMultipartUpload: completeUpload,
	CopyObject: copyObject,
	CreateBucket: createBucket,
	CreateMultipartUpload: createUpload,
	DeleteBucket: deleteBucket,
	DeleteObject: deleteObject,
	DeleteObjectTagging: deleteTags,
	DeleteObjects: deleteObjects,
	GetBucketAcl: getBucketAcl,
	GetBucketLocation: getLocation,
	GetObject: getObject,
	GetObjectAcl: getObjectAcl,
	GetObjectAttributes: getAttributes,
	GetObjectLegalHold: getLegalHold,
	GetObjectRetention: getRetention,
	GetObjectTagging: getTags,
	HeadBucket: headBucket,
	HeadObject: getObject,
	ListBuckets: listAllBuckets,
	ListMultipartUploads: listUploads,
	ListObjectVersions: listVersions,
	ListObjects: listObjects,
	ListObjectsV2: listObjects,
	ListParts: listParts,
	PutBucketAcl: putBucketAcl,
	PutObject: putObject,
	PutObjectAcl: putObjectAcl,
	PutObjectLegalHold: putLegalHold,
	PutObjectRetention: putRetention,
	PutObjectTagging: putTags,
	UploadPart: uploadPart,
	UploadPartCopy: uploadPartCopy,
};

async function createBucket(
	{ buckets }: StoreState,
	{ operation, headers }: S3Request,
): Promise<S3Response> {
	const { bucket: name = "" } = operation;
	const grants = grantsAsked(headers);
	await buckets.create(name);
	if (grants !== undefined) {
		const content = Buffer.from(JSON.stringify(grants));
		await buckets.find(name).set("BucketAcl", content);
	}
	if (headers.get("x-amz-bucket-object-lock-enabled") === "true") {
		await switchLocksOn(buckets.find(name));
	}
	return empty(200, { location: `/${name}` });
}

/** Locks stand on versions. */
async function switchLocksOn(bucket: Bucket): Promise<void> {
	await bucket.set(
		"BucketVersioning",
		Buffer.from(
			renderXml(
				element("VersioningConfiguration", [element("Status", "Enabled")]),
			),
		),
	);
	await bucket.set(
		"ObjectLock",
		Buffer.from(
			renderXml(
				element(
					"ObjectLockConfiguration",
					[element("ObjectLockEnabled", "Enabled")],
					namespace,
				),
			),
		),
	);
}

async function deleteBucket(
	{ buckets, uploads }: StoreState,
	{ operation }: S3Request,
): Promise<S3Response> {
	const { name } = buckets.find(operation.bucket);
	await buckets.remove(name);
	for (const upload of uploads.of(name)) {
		await uploads.change(upload, () => uploads.end(upload));
	}
	return empty(204);
}

function headBucket(
	{ buckets }: StoreState,
	{ operation }: S3Request,
): S3Response {
	buckets.find(operation.bucket);
	return empty(200, { "x-amz-bucket-region": "us-east-1" });
}

function getLocation(
	{ buckets }: StoreState,
	{ operation }: S3Request,
): S3Response {
	buckets.find(operation.bucket);
	return document(200, element("LocationConstraint", "", namespace));
}
