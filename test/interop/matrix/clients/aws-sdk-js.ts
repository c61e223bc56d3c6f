/** AWS SDK for JavaScript v3: its client, and lib-storage's uploads. */
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { Readable } from "node:stream";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	DeleteObjectTaggingCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListObjectVersionsCommand,
	ListPartsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
	PutObjectTaggingCommand,
	paginateListObjectsV2,
	S3Client,
	type S3ClientConfig,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { MatrixClient, Place } from "../client.ts";
import { fetchAt } from "../fetch.ts";
import {
	expect,
	expectBytes,
	expectRefusal,
	mebibyte,
	sample,
} from "../samples.ts";

function clientOf(place: Place, more: S3ClientConfig): S3Client {
	const { endpoint, region, accessKeyId, secretAccessKey, caFile } = place;
	return new S3Client({
		...more,
		endpoint,
		region,
		forcePathStyle: true,
		credentials: { accessKeyId, secretAccessKey },
		...(caFile
			? {
					requestHandler: {
						httpsAgent: new Agent({ ca: readFileSync(caFile) }),
					},
				}
			: {}),
	});
}

/** What operations do at a place. */
class At {
	readonly s3: S3Client;
	readonly Bucket: string;

	constructor(place: Place, more: S3ClientConfig = {}) {
		this.s3 = clientOf(place, more);
		this.Bucket = place.bucket;
	}

	put(Key: string, Body: Buffer, more = {}) {
		const { Bucket } = this;
		return this.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
	}

	head(Key: string) {
		return this.s3.send(new HeadObjectCommand({ Bucket: this.Bucket, Key }));
	}

	async read(Key: string, more = {}): Promise<Uint8Array> {
		const asked = new GetObjectCommand({ Bucket: this.Bucket, Key, ...more });
		const { Body } = await this.s3.send(asked);
		return (await Body?.transformToByteArray()) ?? new Uint8Array();
	}

	async upload(Key: string, parts: readonly Buffer[], more = {}) {
		const one = { Bucket: this.Bucket, Key };
		const { UploadId } = await this.s3.send(
			new CreateMultipartUploadCommand({ ...one, ...more }),
		);
		const Parts = [];
		for (const [index, Body] of parts.entries()) {
			const PartNumber = index + 1;
			const part = { ...one, UploadId, PartNumber, Body };
			const done = await this.s3.send(
				new UploadPartCommand({ ...part, ...more }),
			);
			const { ETag, ChecksumSHA256 } = done;
			Parts.push({ ETag, ChecksumSHA256, PartNumber });
		}
		return this.s3.send(
			new CompleteMultipartUploadCommand({
				...one,
				UploadId,
				MultipartUpload: { Parts },
			}),
		);
	}
}

const large = [sample(5 * mebibyte), sample(5 * mebibyte + 1), sample(1_000)];
const whole = Buffer.concat(large);
const edges: readonly [number, number][] = [
	[0, 0],
	[65_530, 65_540],
	[5 * mebibyte - 1, 5 * mebibyte],
	[whole.length - 5, whole.length - 1],
];

async function readRanges(at: At, key: string): Promise<void> {
	for (const [first, last] of edges)
		expectBytes(
			await at.read(key, { Range: `bytes=${first}-${last}` }),
			whole.subarray(first, last + 1),
		);
	expectBytes(await at.read(key, { Range: "bytes=-10" }), whole.subarray(-10));
	const beyond = { Range: `bytes=${whole.length}-` };
	await expectRefusal(() => at.read(key, beyond), /InvalidRange/);
}

const operations: MatrixClient["operations"] = {
	async put(place) {
		const at = new At(place);
		for (const size of [0, 1, 65_536, 1_000_000]) {
			const more = {
				Metadata: { name: "value" },
				ContentType: "text/x-matrix",
			};
			await at.put("put", sample(size), more);
			const { ContentLength, Metadata, ContentType } = await at.head("put");
			expect(ContentLength === size, `${ContentLength} bytes for ${size}`);
			expect(Metadata?.name === "value", "other metadata");
			expect(ContentType === "text/x-matrix", `a ${ContentType}`);
			expectBytes(await at.read("put"), sample(size));
		}
	},
	async get(place) {
		const at = new At(place);
		await at.put("get", sample(3 * mebibyte));
		expectBytes(await at.read("get"), sample(3 * mebibyte));
		const { ETag } = await at.head("get");
		expectBytes(await at.read("get", { IfMatch: ETag }), sample(3 * mebibyte));
		await expectRefusal(() => at.read("get", { IfNoneMatch: ETag }), /304/);
	},
	async multipart(place) {
		const at = new At(place);
		await at.upload("multipart", large);
		expectBytes(await at.read("multipart"), whole);
		const { ContentLength } = await at.head("multipart");
		expect(ContentLength === whole.length, `${ContentLength} bytes`);
	},
	async ranges(place) {
		const at = new At(place);
		await at.upload("ranges", large);
		await readRanges(at, "ranges");
	},
	async "resumed uploads"(place) {
		const at = new At(place);
		const one = { Bucket: at.Bucket, Key: "resumed" };
		const begun = new CreateMultipartUploadCommand(one);
		const { UploadId } = await at.s3.send(begun);
		const part = (PartNumber: number, Body: Buffer) =>
			at.s3.send(new UploadPartCommand({ ...one, UploadId, PartNumber, Body }));
		await part(1, sample(5 * mebibyte));
		const list = () => at.s3.send(new ListPartsCommand({ ...one, UploadId }));
		const { Parts: [first] = [] } = await list();
		expect(first?.Size === 5 * mebibyte, `a part of ${first?.Size} bytes`);
		await part(2, sample(1_000));
		const { Parts = [] } = await list();
		const MultipartUpload = {
			Parts: Parts.map(({ ETag, PartNumber }) => ({ ETag, PartNumber })),
		};
		await at.s3.send(
			new CompleteMultipartUploadCommand({ ...one, UploadId, MultipartUpload }),
		);
		const wanted = Buffer.concat([sample(5 * mebibyte), sample(1_000)]);
		expectBytes(await at.read("resumed"), wanted);
	},
	async "listings with sizes"(place) {
		const at = new At(place);
		const sizes = {
			"list/a": 0,
			"list/b c": 100_000,
			"list/d+e": 7,
			"list/sub/f": 65_537,
		};
		for (const [key, size] of Object.entries(sizes))
			await at.put(key, sample(size));
		const found: Record<string, number | undefined> = {};
		const list = { Bucket: at.Bucket, Prefix: "list/" };
		for await (const page of paginateListObjectsV2(
			{ client: at.s3, pageSize: 2 },
			list,
		))
			for (const { Key = "", Size } of page.Contents ?? []) found[Key] = Size;
		const text = JSON.stringify(found);
		expect(text === JSON.stringify(sizes), text);
	},
	async copy(place) {
		const at = new At(place);
		const { Bucket } = at;
		await at.put("copied from", sample(200_000), {
			Metadata: { name: "value" },
		});
		const CopySource = `${Bucket}/copied%20from`;
		await at.s3.send(
			new CopyObjectCommand({ Bucket, Key: "copied", CopySource }),
		);
		expectBytes(await at.read("copied"), sample(200_000));
		const { Metadata } = await at.head("copied");
		expect(Metadata?.name === "value", "other metadata");
	},
	/** As on AWS, a URL of the SDK's defaults takes no body: it signs the CRC32 of an empty one into it. */
	async presigned(place) {
		const at = new At(place, { requestChecksumCalculation: "WHEN_REQUIRED" });
		const one = { Bucket: at.Bucket, Key: "presigned" };
		const options = { expiresIn: 60 };
		const up = await getSignedUrl(at.s3, new PutObjectCommand(one), options);
		await fetchAt(place, up, { method: "PUT", body: sample(5_000) });
		const down = await getSignedUrl(at.s3, new GetObjectCommand(one), options);
		expectBytes(await fetchAt(place, down), sample(5_000));
	},
	async "conditional writes"(place) {
		const at = new At(place);
		const put = (text: string, more: object) =>
			at.put("condition", Buffer.from(text), more);
		const { ETag: IfMatch } = await put("first", { IfNoneMatch: "*" });
		await expectRefusal(
			() => put("again", { IfNoneMatch: "*" }),
			/PreconditionFailed/,
		);
		await put("second", { IfMatch });
		await expectRefusal(() => put("third", { IfMatch }), /PreconditionFailed/);
		expectBytes(await at.read("condition"), Buffer.from("second"));
	},
	async checksums(place) {
		const at = new At(place);
		for (const ChecksumAlgorithm of [
			"CRC32",
			"CRC32C",
			"CRC64NVME",
			"SHA1",
			"SHA256",
		]) {
			await at.put("checksum", sample(100_000), { ChecksumAlgorithm });
			const enabled = { ChecksumMode: "ENABLED" };
			expectBytes(await at.read("checksum", enabled), sample(100_000));
		}
		const wrong = { ChecksumSHA256: `${"A".repeat(43)}=` };
		await expectRefusal(() => at.put("checksum", sample(9), wrong), /400/);
		await at.upload("checksums", large, { ChecksumAlgorithm: "SHA256" });
		expectBytes(await at.read("checksums", { ChecksumMode: "ENABLED" }), whole);
	},
	async tags(place) {
		const at = new At(place);
		const one = { Bucket: at.Bucket, Key: "tags" };
		await at.put("tags", sample(9), { Tagging: "a=1&b=2" });
		const tags = async () => {
			const { TagSet = [] } = await at.s3.send(
				new GetObjectTaggingCommand(one),
			);
			return TagSet.map(({ Key, Value }) => `${Key}=${Value}`)
				.toSorted()
				.join("&");
		};
		expect((await tags()) === "a=1&b=2", await tags());
		const Tagging = { TagSet: [{ Key: "c", Value: "3" }] };
		await at.s3.send(new PutObjectTaggingCommand({ ...one, Tagging }));
		expect((await tags()) === "c=3", await tags());
		await at.s3.send(new DeleteObjectTaggingCommand(one));
		expect((await tags()) === "", await tags());
		expectBytes(await at.read("tags"), sample(9));
	},
	async versions(place) {
		const at = new At(place);
		const { s3, Bucket } = at;
		const VersioningConfiguration = { Status: "Enabled" as const };
		await s3.send(
			new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }),
		);
		const { VersionId: first } = await at.put("versions", sample(5));
		const { VersionId: second } = await at.put("versions", sample(10));
		expect(first !== undefined && first !== second, `${first} and ${second}`);
		expectBytes(await at.read("versions", { VersionId: first }), sample(5));
		const one = { Bucket, Key: "versions" };
		const { VersionId: marker } = await s3.send(new DeleteObjectCommand(one));
		await expectRefusal(() => at.read("versions"), /NoSuchKey/);
		const { Versions = [], DeleteMarkers = [] } = await s3.send(
			new ListObjectVersionsCommand({ Bucket, Prefix: "versions" }),
		);
		const found = Versions.map(
			({ VersionId, Size }) => `${VersionId} ${Size}`,
		).toSorted();
		const wanted = [`${first} 5`, `${second} 10`].toSorted();
		expect(found.join() === wanted.join(), `listed: ${found}`);
		expect(DeleteMarkers[0]?.VersionId === marker, "another delete marker");
		await s3.send(new DeleteObjectCommand({ ...one, VersionId: marker }));
		expectBytes(await at.read("versions"), sample(10));
	},
	async delete(place) {
		const at = new At(place);
		const { s3, Bucket } = at;
		for (const key of ["gone", "gone-1", "gone-2"])
			await at.put(key, sample(9));
		await s3.send(new DeleteObjectCommand({ Bucket, Key: "gone" }));
		const Objects = ["gone-1", "gone-2", "never"].map((Key) => ({ Key }));
		const { Deleted = [], Errors = [] } = await s3.send(
			new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
		);
		expect(Deleted.length === 3 && Errors.length === 0, JSON.stringify(Errors));
		for (const key of ["gone", "gone-1", "gone-2"])
			await expectRefusal(() => at.head(key), /404/);
	},
};

const version = "3.1173.0";
const noSync = "the SDK has no synchronisation";

export const awsSdkJs: MatrixClient = {
	name: "AWS SDK for JavaScript v3",
	install: async () => version,
	operations,
	lacks: {
		sync: noSync,
		rename: "the SDK has no rename but RenameObject, for directory buckets",
	},
};

/** @param body of one read, whose length the SDK does not know */
async function byUpload(place: Place, Key: string, body: Buffer, more = {}) {
	const at = new At(place);
	const chunks = Array.from(
		{ length: Math.ceil(body.length / 100_000) },
		(_, n) => body.subarray(n * 100_000, (n + 1) * 100_000),
	);
	const params = {
		Bucket: at.Bucket,
		Key,
		Body: Readable.from(chunks),
		...more,
	};
	await new Upload({ client: at.s3, params }).done();
	return at;
}

const others = "as the SDK's own client: lib-storage only uploads";

export const libStorage: MatrixClient = {
	name: "AWS SDK for JavaScript v3, lib-storage",
	install: async () => version,
	operations: {
		async put(place) {
			const at = await byUpload(place, "put", sample(100_000));
			expectBytes(await at.read("put"), sample(100_000));
		},
		async multipart(place) {
			const at = await byUpload(place, "multipart", whole);
			expectBytes(await at.read("multipart"), whole);
		},
		async ranges(place) {
			await readRanges(await byUpload(place, "ranges", whole), "ranges");
		},
		async checksums(place) {
			for (const ChecksumAlgorithm of ["CRC32C", "SHA256"]) {
				const at = await byUpload(place, "sums", whole, { ChecksumAlgorithm });
				expectBytes(await at.read("sums", { ChecksumMode: "ENABLED" }), whole);
			}
		},
		async "conditional writes"(place) {
			const once = { IfNoneMatch: "*" };
			const at = await byUpload(place, "once", whole, once);
			await expectRefusal(
				() => byUpload(place, "once", sample(9), once),
				/PreconditionFailed/,
			);
			await expectRefusal(
				() => byUpload(place, "once", whole, once),
				/PreconditionFailed/,
			);
			expectBytes(await at.read("once"), whole);
		},
		async tags(place) {
			const at = await byUpload(place, "tags", whole, { Tagging: "a=1" });
			const asked = new GetObjectTaggingCommand({
				Bucket: at.Bucket,
				Key: "tags",
			});
			const { TagSet = [] } = await at.s3.send(asked);
			expect(TagSet[0]?.Value === "1", JSON.stringify(TagSet));
		},
	},
	lacks: {
		get: others,
		sync: noSync,
		"resumed uploads": "a broken upload is begun anew",
		"listings with sizes": others,
		copy: others,
		rename: others,
		presigned: others,
		versions: others,
		delete: others,
	},
};
