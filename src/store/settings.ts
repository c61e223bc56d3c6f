/** Settings of buckets: documents that are kept as they came, and answered. Nothing else in the store heeds them. */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bodyOf } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { element, parseXml, type XmlElement } from "../s3/xml.ts";
import { StoreError } from "./errors.ts";
import type { Files } from "./files.ts";
import { bucketOf, document, empty, namespace } from "./objects.ts";

interface Setting {
	readonly name: string;
	/** Of the document's root; absent where it is JSON. */
	readonly root?: string;
	/** What S3 answers where nothing was ever set: an error, or what holds then. */
	readonly absent: ConstructorParameters<typeof StoreError>[0] | XmlElement;
}

const aes256 = element(
	"ServerSideEncryptionConfiguration",
	[
		element("Rule", [
			element("ApplyServerSideEncryptionByDefault", [
				element("SSEAlgorithm", "AES256"),
			]),
			element("BucketKeyEnabled", false),
		]),
	],
	namespace,
);

const settings: readonly Setting[] = [
	{
		name: "BucketEncryption",
		root: "ServerSideEncryptionConfiguration",
		absent: aes256,
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
	files: Files,
	request: S3Request,
): Promise<S3Response | undefined> {
	const [verb, setting] = parse(request.operation.name);
	if (setting === undefined) return undefined;
	const { bucket = "" } = request.operation;
	bucketOf(files, bucket);
	const folder = files.settingsOf(bucket);
	const file = join(folder, setting.name);
	if (verb === "Put") {
		const content = request.body?.content ?? Buffer.alloc(0);
		checkForm(setting, content);
		await mkdir(folder, { recursive: true });
		await writeFile(`${file}.draft`, content);
		await rename(`${file}.draft`, file);
		return empty(setting.root === undefined ? 204 : 200);
	}
	if (verb === "Delete") {
		await rm(file, { force: true });
		return empty(204);
	}
	const content = await readFile(file).catch(() => undefined);
	if (content !== undefined) {
		const type = setting.root === undefined ? "json" : "xml";
		const headers = new Map([["content-type", `application/${type}`]]);
		return { status: 200, headers, body: bodyOf(content) };
	}
	if (typeof setting.absent === "object") return document(200, setting.absent);
	throw new StoreError(setting.absent, { BucketName: bucket });
}

/** `PutBucketLifecycleConfiguration`, but `DeleteBucketLifecycle`. */
function parse(
	operation: OperationName,
): [verb: string | undefined, setting: Setting | undefined] {
	const [, verb, name] =
		/^(Put|Get|Delete)(.*?)(?:Configuration)?$/.exec(operation) ?? [];
	return [verb, settings.find((setting) => setting.name === name)];
}

function checkForm({ root }: Setting, content: Buffer): void {
	if (root !== undefined) {
		if (parseXml(content).name !== root) throw new StoreError("MalformedXML");
		return;
	}
	try {
		JSON.parse(content.toString("utf8"));
	} catch {
		throw new StoreError("MalformedPolicy");
	}
}
