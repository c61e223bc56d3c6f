/** Uploads in parts: begun, filled, given up. */
import type { Body } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { checksumHeader } from "../s3/checksums.ts";
import { queryValue } from "../s3/operation.ts";
import { element } from "../s3/xml.ts";
import { document, empty, namespace } from "./answers.ts";
import { copySourceOf } from "./copies.ts";
import { checkPartKey } from "./customer-keys.ts";
import {
	answeredEncryption,
	answeredToWrite,
	encryptionFor,
	etagOf,
} from "./encryption.ts";
import { StoreError } from "./errors.ts";
import { grantsAsked } from "./grants.ts";
import { lockAsked } from "./locks.ts";
import { headersToKeep } from "./objects.ts";
import { defaultEncryption, type StoreState } from "./state.ts";
import { tagsOf } from "./tagging.ts";
import { checkPart, uploadChecksum } from "./upload-checksums.ts";
import type { Part, Upload } from "./uploads.ts";

export async function createUpload(
	state: StoreState,
	{ operation, headers }: S3Request,
): Promise<S3Response> {
	const { key = "" } = operation;
	const bucket = state.buckets.find(operation.bucket);
	const byDefault = defaultEncryption(state, bucket);
	const encryption = encryptionFor(headers, byDefault, state.keys);
	const checksum = uploadChecksum(headers);
	const grants = grantsAsked(headers);
	const { id } = await state.uploads.begin({
		bucket: bucket.name,
		key,
		initiated: new Date().toISOString(),
		headers: headersToKeep(headers),
		encryption,
		tags: tagsOf(headers),
		...(grants && { grants }),
		lock: lockAsked(bucket, headers),
		checksum,
	});
	const result = element(
		"InitiateMultipartUploadResult",
		[
			element("Bucket", bucket.name),
			element("Key", key),
			element("UploadId", id),
		],
		namespace,
	);
	return document(200, result, {
		...answeredToWrite(encryption, headers),
		...(checksum.chosen && {
			"x-amz-checksum-algorithm": checksum.algorithm.toUpperCase(),
			"x-amz-checksum-type": checksum.type,
		}),
	});
}

export function uploadOf(state: StoreState, { operation }: S3Request): Upload {
	const { bucket, key, query } = operation;
	return state.uploads.find(queryValue(query, "uploadId") ?? "", bucket, key);
}

export async function uploadPart(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const upload = uploadOf(state, request);
	checkPart(upload.checksum, request);
	const { etag, checksum } = await keep(
		state,
		upload,
		request,
		async () => request.body,
	);
	return empty(200, {
		etag: `"${etag}"`,
		[checksumHeader(upload.checksum.algorithm)]: checksum,
		...answeredEncryption(upload.encryption, request.headers),
	});
}

/** @param body asked for once the part is known to be welcome: an opened body must be read */
async function keep(
	state: StoreState,
	upload: Upload,
	{ operation, headers }: S3Request,
	body: () => Promise<Body | undefined>,
): Promise<Part> {
	const number = partNumberOf(queryValue(operation.query, "partNumber") ?? "");
	checkPartKey(headers, upload.encryption.customerKey);
	const written = await state.files.write(
		await body(),
		upload.checksum.algorithm,
	);
	const etag = etagOf(written.md5, upload.encryption);
	return state.uploads.keep(upload, number, etag, written);
}

function partNumberOf(text: string): number {
	const number = /^\d+$/.test(text) ? Number(text) : 0;
	if (number >= 1 && number <= 10_000) return number;
	throw new StoreError(
		"InvalidArgument",
		{ ArgumentName: "partNumber", ArgumentValue: text },
		"Part number must be an integer between 1 and 10000, inclusive",
	);
}

/** @throws StoreError for a range that the source does not have: unlike a read, a copy is never cut to what is there */
export async function uploadPartCopy(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const upload = uploadOf(state, request);
	const { bucket, object, answered } = copySourceOf(state, request.headers);
	const range = request.headers.get("x-amz-copy-source-range");
	const [, first, last] =
		/^bytes=(\d+)-(\d+)$/.exec(range ?? `bytes=0-${object.size - 1}`) ?? [];
	const [start, end] = [Number(first), Number(last)];
	const nothing = range === undefined && object.size === 0;
	if (!nothing && !(start <= end && end < object.size)) {
		throw new StoreError("InvalidArgument", {
			ArgumentName: "x-amz-copy-source-range",
			ArgumentValue: range ?? "",
		});
	}
	const part = await keep(state, upload, request, () =>
		bucket.read(object, nothing ? 0 : start, nothing ? -1 : end),
	);
	const result = element(
		"CopyPartResult",
		[
			element("LastModified", part.modified),
			element("ETag", `"${part.etag}"`),
			element(
				`Checksum${upload.checksum.algorithm.toUpperCase()}`,
				part.checksum,
			),
		],
		namespace,
	);
	return document(200, result, {
		...answered,
		...answeredEncryption(upload.encryption, request.headers),
	});
}

export async function abortUpload(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const upload = uploadOf(state, request);
	await state.uploads.change(upload, () => state.uploads.end(upload));
	return empty(204);
}
