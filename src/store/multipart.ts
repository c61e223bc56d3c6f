/** Uploads in parts. They live as long as the process: a restart forgets what was not completed. */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Body } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { checksumHeader } from "../s3/checksums.ts";
import { queryValue } from "../s3/operation.ts";
import { children, childText, element, parseXml } from "../s3/xml.ts";
import {
	checkPart,
	checkWhole,
	partsChecksum,
	type UploadChecksum,
	uploadChecksum,
} from "./checksums.ts";
import { StoreError } from "./errors.ts";
import type { Files, Written } from "./files.ts";
import {
	answeredEncryption,
	bucketOf,
	checkWriteConditions,
	copySourceOf,
	document,
	empty,
	headersToKeep,
	namespace,
} from "./objects.ts";
import { type Tags, tagsOf } from "./tagging.ts";

interface Upload {
	readonly bucket: string;
	readonly key: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly tags: Tags;
	readonly checksum: UploadChecksum;
	readonly parts: Map<number, Written>;
}

export class Uploads {
	readonly #files: Files;
	readonly #minimumPart: number;
	readonly #open = new Map<string, Upload>();

	/** @param minimumPart bytes of every part but the last */
	constructor(files: Files, minimumPart: number) {
		this.#files = files;
		this.#minimumPart = minimumPart;
	}

	create(request: S3Request): S3Response {
		const { bucket = "", key = "" } = request.operation;
		bucketOf(this.#files, bucket);
		const id = randomUUID();
		const headers = headersToKeep(request.headers);
		const tags = tagsOf(request.headers);
		const checksum = uploadChecksum(request.headers);
		const parts = new Map<number, Written>();
		this.#open.set(id, { bucket, key, headers, tags, checksum, parts });
		const result = element(
			"InitiateMultipartUploadResult",
			[element("Bucket", bucket), element("Key", key), element("UploadId", id)],
			namespace,
		);
		return document(200, result, {
			...answeredEncryption(headers),
			...(checksum.chosen && {
				"x-amz-checksum-algorithm": checksum.algorithm.toUpperCase(),
				"x-amz-checksum-type": checksum.type,
			}),
		});
	}

	async put(request: S3Request): Promise<S3Response> {
		const upload = this.#find(request);
		checkPart(upload.checksum, request);
		const { md5, checksum } = await this.#keep(upload, request, request.body);
		const header = checksumHeader(upload.checksum.algorithm);
		return empty(200, {
			etag: `"${md5}"`,
			[header]: checksum.toString("base64"),
			...answeredEncryption(upload.headers),
		});
	}

	async #keep(
		upload: Upload,
		request: S3Request,
		body: Body | undefined,
	): Promise<Written> {
		const number = Number(queryValue(request.operation.query, "partNumber"));
		if (!Number.isInteger(number) || number < 1 || number > 10_000) {
			throw new StoreError("InvalidArgument", { ArgumentName: "partNumber" });
		}
		const { algorithm } = upload.checksum;
		const written = await this.#files.write(body, algorithm);
		const before = upload.parts.get(number);
		upload.parts.set(number, written);
		if (before !== undefined) await this.#files.discard(before.file);
		return written;
	}

	/** @throws StoreError for a range that the source does not have: unlike a read, a copy is never cut to what is there */
	async copy(request: S3Request): Promise<S3Response> {
		const upload = this.#find(request);
		const { from, source } = copySourceOf(this.#files, request.headers);
		const range = request.headers.get("x-amz-copy-source-range");
		const [, first, last] =
			/^bytes=(\d+)-(\d+)$/.exec(range ?? `bytes=0-${source.size - 1}`) ?? [];
		const [start, end] = [Number(first), Number(last)];
		const empty = range === undefined && source.size === 0;
		if (!empty && !(start <= end && end < source.size)) {
			throw new StoreError("InvalidArgument", {
				ArgumentName: "x-amz-copy-source-range",
				ArgumentValue: range ?? "",
			});
		}
		const body = this.#files.read(
			from.bucket,
			source,
			empty ? 0 : start,
			empty ? -1 : end,
		);
		const { md5, checksum } = await this.#keep(upload, request, body);
		const named = `Checksum${upload.checksum.algorithm.toUpperCase()}`;
		const result = element(
			"CopyPartResult",
			[
				element("LastModified", new Date().toISOString()),
				element("ETag", `"${md5}"`),
				element(named, checksum.toString("base64")),
			],
			namespace,
		);
		return document(200, result, answeredEncryption(upload.headers));
	}

	async complete(request: S3Request): Promise<S3Response> {
		const upload = this.#find(request);
		const { bucket, key } = upload;
		checkWriteConditions(
			request.headers,
			bucketOf(this.#files, bucket).get(key),
		);
		const listed = children(parseXml(request.body?.content ?? ""), "Part").map(
			(part) => ({
				number: Number(childText(part, "PartNumber")),
				etag: (childText(part, "ETag") ?? "").replaceAll('"', ""),
				checksum: childText(
					part,
					`Checksum${upload.checksum.algorithm.toUpperCase()}`,
				),
			}),
		);
		const disordered = listed.some(
			({ number }, index) => number <= (listed[index - 1]?.number ?? 0),
		);
		if (disordered) throw new StoreError("InvalidPartOrder");
		const parts = listed.map(({ number, etag, checksum }, index) => {
			const written = upload.parts.get(number);
			const same =
				written?.md5 === etag &&
				(checksum ?? written.checksum.toString("base64")) ===
					written.checksum.toString("base64");
			if (written === undefined || !same)
				throw new StoreError("InvalidPart", {
					PartNumber: String(number),
					ETag: etag,
				});
			if (index < listed.length - 1 && written.size < this.#minimumPart) {
				throw new StoreError("EntityTooSmall", {
					ProposedSize: String(written.size),
					MinSizeAllowed: String(this.#minimumPart),
				});
			}
			return written;
		});
		if (parts.length === 0) throw new StoreError("InvalidPart");
		const checksum = partsChecksum(upload.checksum, parts);
		checkWhole(request.headers, checksum);
		const whole = await this.#files.write(undefined);
		for (const part of parts) {
			await writeFile(whole.file, createReadStream(part.file), { flag: "a" });
		}
		const digest = createHash("md5");
		for (const part of parts) digest.update(Buffer.from(part.md5, "hex"));
		const etag = `${digest.digest("hex")}-${parts.length}`;
		const sizes = parts.map((part) => part.size);
		await this.#files.publish(
			bucket,
			{
				key,
				size: sizes.reduce((sum, size) => sum + size, 0),
				etag,
				modified: new Date().toISOString(),
				headers: upload.headers,
				tags: upload.tags,
				checksum,
				parts: sizes,
			},
			whole.file,
		);
		await this.abort(request);
		const result = element(
			"CompleteMultipartUploadResult",
			[
				element("Location", `/${bucket}/${key}`),
				element("Bucket", bucket),
				element("Key", key),
				element("ETag", `"${etag}"`),
				element(`Checksum${checksum.algorithm.toUpperCase()}`, checksum.value),
				element("ChecksumType", checksum.type),
			],
			namespace,
		);
		return document(200, result, answeredEncryption(upload.headers));
	}

	async abort(request: S3Request): Promise<S3Response> {
		const upload = this.#find(request);
		this.#open.delete(
			queryValue(request.operation.query, "uploadId") as string,
		);
		for (const part of upload.parts.values())
			await this.#files.discard(part.file);
		return empty(204);
	}

	list(request: S3Request): S3Response {
		const { bucket, key, parts } = this.#find(request);
		const id = queryValue(request.operation.query, "uploadId") as string;
		const listed = [...parts].sort(([a], [b]) => a - b);
		return document(
			200,
			element(
				"ListPartsResult",
				[
					element("Bucket", bucket),
					element("Key", key),
					element("UploadId", id),
					element("IsTruncated", false),
					...listed.map(([number, part]) =>
						element("Part", [
							element("PartNumber", number),
							element("ETag", `"${part.md5}"`),
							element("Size", part.size),
						]),
					),
				],
				namespace,
			),
		);
	}

	#find(request: S3Request): Upload {
		const { bucket, key, query } = request.operation;
		const id = queryValue(query, "uploadId") ?? "";
		const upload = this.#open.get(id);
		if (
			upload === undefined ||
			upload.bucket !== bucket ||
			upload.key !== key
		) {
			throw new StoreError("NoSuchUpload", { UploadId: id });
		}
		return upload;
	}
}
