/** CompleteMultipartUpload: the listed parts become an object. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { S3Request, S3Response } from "../pipeline.ts";
import { children, childText, element, parseXml } from "../s3/xml.ts";
import { document, namespace } from "./answers.ts";
import {
	checkCompletion,
	checkWhole,
	partsChecksum,
	type StoredChecksum,
} from "./checksums.ts";
import { checkPartKey } from "./customer-keys.ts";
import { answeredEncryption } from "./encryption.ts";
import { StoreError } from "./errors.ts";
import { uploadOf } from "./multipart.ts";
import { checkConditions, writtenHeaders } from "./objects.ts";
import type { StoreState } from "./state.ts";
import type { Part, Upload } from "./uploads.ts";
import type { StoredObject } from "./versions.ts";

interface Listed {
	readonly number: number;
	readonly etag: string;
	readonly checksum?: string;
}

export async function completeUpload(
	state: StoreState,
	request: S3Request,
): Promise<S3Response> {
	const upload = uploadOf(state, request);
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

/** @throws StoreError */
function readList(request: S3Request, upload: Upload): readonly Listed[] {
	const root = parseXml(request.body?.content ?? "");
	const named = `Checksum${upload.checksum.algorithm.toUpperCase()}`;
	const listed = children(root, "Part").map((part) => {
		const checksum = childText(part, named);
		return {
			number: Number(childText(part, "PartNumber")),
			etag: (childText(part, "ETag") ?? "").replaceAll('"', ""),
			...(checksum === undefined ? {} : { checksum }),
		};
	});
	if (listed.length === 0) {
		const message = "You must specify at least one part";
		throw new StoreError("InvalidRequest", {}, message);
	}
	const disordered = listed.some(
		({ number }, index) => number <= (listed[index - 1]?.number ?? 0),
	);
	if (disordered) {
		throw new StoreError("InvalidPartOrder", { UploadId: upload.id });
	}
	return listed;
}

/** @param least bytes that the part must have @throws StoreError */
function checkListed(
	upload: Upload,
	{ number, etag, checksum }: Listed,
	least: number,
): Part {
	const part = upload.parts.get(number);
	const same =
		part?.etag === etag && (checksum ?? part.checksum) === part.checksum;
	if (part === undefined || !same) {
		throw new StoreError("InvalidPart", {
			ETag: etag,
			PartNumber: String(number),
			UploadId: upload.id,
		});
	}
	if (part.size >= least) return part;
	throw new StoreError("EntityTooSmall", {
		ETag: etag,
		MinSizeAllowed: String(least),
		PartNumber: String(number),
		ProposedSize: String(part.size),
	});
}

function checkSize(claimed: string | undefined, size: number): void {
	if (claimed === undefined || claimed === String(size)) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		`The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was computed: ${size}`,
	);
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
