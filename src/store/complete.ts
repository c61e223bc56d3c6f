/** CompleteMultipartUpload: the listed parts become an object. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { S3Request, S3Response } from "../pipeline.ts";
import { element } from "../s3/xml.ts";
import { document, namespace } from "./answers.ts";
import type { StoredChecksum } from "./checksums.ts";
import { checkPartKey } from "./customer-keys.ts";
import { answeredEncryption } from "./encryption.ts";
import { withDefault } from "./locks.ts";
import { uploadOf } from "./multipart.ts";
import { checkConditions, writtenHeaders } from "./objects.ts";
import { checkListed, checkSize, readList } from "./part-list.ts";
import type { StoreState } from "./state.ts";
import {
	checkCompletion,
	checkWhole,
	partsChecksum,
} from "./upload-checksums.ts";
import type { Part, Upload } from "./uploads.ts";
import type { StoredObject } from "./versions.ts";

export async function completeUpload(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const upload = uploadOf(state, request);
	return state.uploads.change(upload, () => complete(state, request, upload));
}

async function complete(
	state: StoreState,
	request: S3Request,
	upload: Upload,
): Promise<S3Response> {
	const { headers } = request;
	const bucket = state.buckets.find(upload.bucket);
	const guard = (current: StoredObject | undefined): void =>
		void checkConditions("write", headers, current);
	guard(bucket.current(upload.key));
	if ([...headers.keys()].some((name) => name.includes("-customer-"))) {
		checkPartKey(headers, upload.encryption.customerKey);
	}
	const listed = readList(request, upload);
	checkCompletion(headers, upload.checksum, listed);
	const parts = listed.map((entry, index) =>
		checkListed(
			upload,
			entry,
			index < listed.length - 1 ? state.minimumPart : 0,
		),
	);
	const size = parts.reduce((sum, part) => sum + part.size, 0);
	checkSize(headers.get("x-amz-mp-object-size"), size);
	const checksum = checksumOfAll(upload, parts);
	if (checksum !== undefined) checkWhole(headers, checksum);
	const whole = await state.files.write(undefined);
	for (const part of parts) {
		const file = state.uploads.path(upload.id, part.data);
		await writeFile(whole.file, createReadStream(file), { flag: "a" });
	}
	const stored = await bucket.publish(
		{
			key: upload.key,
			size,
			etag: etagOfAll(parts),
			modified: new Date().toISOString(),
			headers: upload.headers,
			encryption: upload.encryption,
			tags: upload.tags,
			...(upload.grants && { grants: upload.grants }),
			lock: withDefault(bucket, upload.lock, new Date()),
			...(checksum && { checksum }),
			parts: parts.map((part) => ({
				size: part.size,
				checksum: part.checksum,
			})),
		},
		whole.file,
		guard,
	);
	await state.uploads.end(upload);
	return document(200, result(stored, upload.bucket), {
		...writtenHeaders(bucket, stored),
		...(upload.encryption.customerKey === undefined &&
			answeredEncryption(upload.encryption, headers)),
	});
}

/** None under a customer's key, unless the client chose one: so AWS answers (recorded February 2026). */
function checksumOfAll(
	{ checksum, encryption }: Upload,
	parts: readonly Part[],
): StoredChecksum | undefined {
	if (encryption.customerKey !== undefined && !checksum.chosen) {
		return undefined;
	}
	const digests = parts.map((part) => ({
		checksum: Buffer.from(part.checksum, "base64"),
		size: part.size,
	}));
	return partsChecksum(checksum, digests);
}

function etagOfAll(parts: readonly Part[]): string {
	const digest = createHash("md5");
	for (const part of parts) digest.update(Buffer.from(part.etag, "hex"));
	return `${digest.digest("hex")}-${parts.length}`;
}

function result({ key, etag, checksum }: StoredObject, bucket: string) {
	return element(
		"CompleteMultipartUploadResult",
		[
			element("Location", `/${bucket}/${key}`),
			element("Bucket", bucket),
			element("Key", key),
			element("ETag", `"${etag}"`),
			...(checksum === undefined
				? []
				: [
						element(
							`Checksum${checksum.algorithm.toUpperCase()}`,
							checksum.value,
						),
						element("ChecksumType", checksum.type),
					]),
		],
		namespace,
	);
}
