/** CopyObject, and what it shares with UploadPartCopy. */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { parseCopySource, replaces } from "../s3/copy-source.ts";
import { isCustomerKeyHeader } from "../s3/customer-key.ts";
import { element } from "../s3/xml.ts";
import { document, namespace } from "./answers.ts";
import type { Bucket } from "./bucket.ts";
import { claimedAlgorithm, wholeChecksum } from "./checksums.ts";
import { checkCustomerKey } from "./customer-keys.ts";
import { answeredToWrite, encryptionFor, etagOf } from "./encryption.ts";
import { StoreError } from "./errors.ts";
import { grantsAsked } from "./grants.ts";
import { lockAsked, withDefault } from "./locks.ts";
import {
	checkConditions,
	checkVersionId,
	findObject,
	headersToKeep,
	versionHeaders,
	writtenHeaders,
} from "./objects.ts";
import { defaultEncryption, type StoreState } from "./state.ts";
import { tagsOf } from "./tagging.ts";
import type { StoredObject } from "./versions.ts";

export interface Source {
	readonly bucket: Bucket;
	readonly object: StoredObject;
	/** Of the answer: which version was read. */
	readonly answered: Readonly<Record<string, string>>;
	/** Whether the copy named the version. */
	readonly pinned: boolean;
}

/** The object that a copy reads. @throws StoreError where it is not there, its key is not given, or a condition does not hold */
export function copySourceOf(state: StoreState, headers: HeaderMap): Source {
	const from = parseCopySource(headers.get("x-amz-copy-source") ?? "");
	const bucket = state.buckets.find(from.bucket);
	const versionId = checkVersionId(from.versionId);
	const object = findObject(bucket, from.key, versionId, "copy");
	checkCustomerKey(headers, "copy-source", object.encryption.customerKey);
	if (object.encryption.keyId !== undefined) {
		state.keys.check(object.encryption.keyId);
	}
	checkConditions("copy", headers, object);
	const { "x-amz-version-id": version } = versionHeaders(bucket, object);
	const answered: Record<string, string> =
		version === undefined ? {} : { "x-amz-copy-source-version-id": version };
	return { bucket, object, answered, pinned: versionId !== undefined };
}

export async function copyObject(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const { key = "" } = request.operation;
	const bucket = state.buckets.find(request.operation.bucket);
	const retag = replaces(request.headers, "tagging");
	replaces(request.headers, "metadata");
	const guard = (current: StoredObject | undefined): void =>
		void checkConditions("write", request.headers, current);
	guard(bucket.current(key));
	const encryption = encryptionFor(
		request.headers,
		defaultEncryption(state, bucket),
		state.keys,
	);
	const source = copySourceOf(state, request.headers);
	checkInPlace(request.headers, source, bucket, key);
	const { object } = source;
	const tags = retag ? tagsOf(request.headers) : (object.tags ?? []);
	const headers = copiedHeaders(request.headers, object);
	const grants = grantsAsked(request.headers);
	const asked = lockAsked(bucket, request.headers);
	const algorithm =
		claimedAlgorithm(request) ?? object.checksum?.algorithm ?? "crc64nvme";
	const written = await state.files.write(
		await source.bucket.read(object, 0, object.size - 1),
		algorithm,
	);
	const checksum = wholeChecksum(algorithm, written);
	const stored = await bucket.publish(
		{
			key,
			size: written.size,
			etag: etagOf(written.md5, encryption),
			modified: new Date().toISOString(),
			headers,
			encryption,
			checksum,
			...(grants && { grants }),
			lock: withDefault(bucket, asked, new Date()),
			tags,
		},
		written.file,
		guard,
	);
	const result = element(
		"CopyObjectResult",
		[
			element("LastModified", stored.modified),
			element("ETag", `"${stored.etag}"`),
			element(`Checksum${algorithm.toUpperCase()}`, checksum.value),
			element("ChecksumType", checksum.type),
		],
		namespace,
	);
	return document(200, result, {
		...source.answered,
		...writtenHeaders(bucket, stored),
		...answeredToWrite(encryption, request.headers),
	});
}

const neverInherited = [
	"x-amz-storage-class",
	"x-amz-website-redirect-location",
];

/** Metadata comes from the source or from the request, storage class and redirect from the request alone. */
function copiedHeaders(
	headers: HeaderMap,
	source: StoredObject,
): Record<string, string> {
	const asked = headersToKeep(headers);
	if (replaces(headers, "metadata")) return asked;
	const own = { ...source.headers };
	for (const name of neverInherited) {
		delete own[name];
		if (asked[name] !== undefined) own[name] = asked[name];
	}
	return own;
}

/** @throws StoreError for a copy of the current version onto itself that changes nothing */
function checkInPlace(
	headers: HeaderMap,
	{ bucket: from, object, pinned }: Source,
	bucket: Bucket,
	key: string,
): void {
	if (from !== bucket || object.key !== key || pinned) return;
	const changes =
		replaces(headers, "metadata") ||
		headers.has("x-amz-server-side-encryption") ||
		neverInherited.some((name) => headers.has(name)) ||
		[...headers.keys()].some(isCustomerKeyHeader);
	if (changes) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
	);
}
