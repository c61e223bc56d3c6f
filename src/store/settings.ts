/** Settings of buckets: documents that are kept as they came, and answered. Three of them the store heeds: versioning, encryption, object lock. */
import { bodyOf } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { element, parseXml, type XmlElement } from "../s3/xml.ts";
import { document, empty, namespace } from "./answers.ts";
import type { Bucket } from "./bucket.ts";
import { parseBucketEncryption, unsetEncryption } from "./bucket-encryption.ts";
import { StoreError, type StoreErrorCode } from "./errors.ts";
import { checkLockConfiguration } from "./locks.ts";
import type { StoreState } from "./state.ts";
import { checkVersioning } from "./versioning.ts";

interface Setting {
	readonly name: string;
	/** Of the document's root; absent where it is JSON. */
	readonly root?: string;
	/** What S3 answers where nothing was ever set: an error, or what holds then. */
	readonly absent: StoreErrorCode | ((state: StoreState) => XmlElement);
	/** Throws for a document that S3 refuses. */
	readonly check?: (document: XmlElement, bucket: Bucket) => void;
}

const settings: readonly Setting[] = [
	{
		name: "BucketEncryption",
		root: "ServerSideEncryptionConfiguration",
		absent: ({ blockCustomerKeys }) => unsetEncryption(blockCustomerKeys),
		check: parseBucketEncryption,
	},
	{
		name: "BucketVersioning",
		root: "VersioningConfiguration",
		absent: () => element("VersioningConfiguration", "", namespace),
		check: checkVersioning,
	},
	{
		name: "ObjectLock",
		root: "ObjectLockConfiguration",
		absent: "ObjectLockConfigurationNotFoundError",
		check: checkLockConfiguration,
	},
	{
		name: "BucketCors",
		root: "CORSConfiguration",
		absent: "NoSuchCORSConfiguration",
	},
	{
		name: "BucketLifecycle",
		root: "LifecycleConfiguration",
		absent: "NoSuchLifecycleConfiguration",
	},
	{ name: "BucketPolicy", absent: "NoSuchBucketPolicy" },
	{ name: "BucketTagging", root: "Tagging", absent: "NoSuchTagSet" },
	{
		name: "BucketWebsite",
		root: "WebsiteConfiguration",
		absent: "NoSuchWebsiteConfiguration",
	},
	{
		name: "BucketReplication",
		root: "ReplicationConfiguration",
		absent: "ReplicationConfigurationNotFoundError",
	},
	{
		name: "BucketOwnershipControls",
		root: "OwnershipControls",
		absent: "OwnershipControlsNotFoundError",
	},
	{
		name: "PublicAccessBlock",
		root: "PublicAccessBlockConfiguration",
		absent: "NoSuchPublicAccessBlockConfiguration",
	},
];

/** The answer to an operation on a setting; undefined where the operation is about something else. */
export async function serveSetting(
	state: StoreState,
	request: S3Request,
): Promise<S3Response | undefined> {
	const [verb, setting] = parse(request.operation.name);
	if (setting === undefined) return undefined;
	const bucket = state.buckets.find(request.operation.bucket);
	if (verb === "Put") {
		const content = request.body?.content ?? Buffer.alloc(0);
		checkForm(setting, content, bucket);
		await bucket.set(setting.name, content);
		return empty(setting.root === undefined ? 204 : 200);
	}
	if (verb === "Delete") {
		await bucket.set(setting.name, undefined);
		return empty(204);
	}
	const content = bucket.settings.get(setting.name);
	if (content !== undefined) {
		const type = setting.root === undefined ? "json" : "xml";
		const headers = new Map([["content-type", `application/${type}`]]);
		return { status: 200, headers, body: bodyOf(content) };
	}
	if (typeof setting.absent === "function") {
		return document(200, setting.absent(state));
	}
	throw new StoreError(setting.absent, { BucketName: bucket.name });
}

/** `PutBucketLifecycleConfiguration`, but `DeleteBucketLifecycle`. */
function parse(
	operation: OperationName,
): [verb: string | undefined, setting: Setting | undefined] {
	const [, verb, name] =
		/^(Put|Get|Delete)(.*?)(?:Configuration)?$/.exec(operation) ?? [];
	return [verb, settings.find((setting) => setting.name === name)];
}

function checkForm(
	{ root, check }: Setting,
	content: Buffer,
	bucket: Bucket,
): void {
	if (root !== undefined) {
		const document = parseXml(content);
		if (document.name !== root) throw new StoreError("MalformedXML");
		check?.(document, bucket);
		return;
	}
	try {
		JSON.parse(content.toString("utf8"));
	} catch {
		throw new StoreError("MalformedPolicy");
	}
}
