import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteBucketCommand,
	DeleteBucketEncryptionCommand,
	DeleteBucketLifecycleCommand,
	DeleteObjectCommand,
	DeleteObjectTaggingCommand,
	GetBucketEncryptionCommand,
	GetBucketLifecycleConfigurationCommand,
	GetBucketPolicyCommand,
	GetBucketVersioningCommand,
	GetObjectCommand,
	GetObjectLegalHoldCommand,
	GetObjectLockConfigurationCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	PutBucketEncryptionCommand,
	PutBucketLifecycleConfigurationCommand,
	PutBucketPolicyCommand,
	PutObjectCommand,
	PutObjectTaggingCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const failed = {
	name: "PreconditionFailed",
	$metadata: { httpStatusCode: 412 },
};
const unchanged = { name: /./, $metadata: { httpStatusCode: 304 } };

t.test("conditions hold, or nothing happens", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const Key = "a";
	const put = (more = {}) =>
		s3.send(new PutObjectCommand({ Bucket, Key, Body: "content", ...more }));
	const get = (more = {}) =>
		s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
	const { ETag } = await put();
	const before = new Date(Date.now() - 3_600_000);
	const { LastModified } = await get();

	await get({ IfMatch: ETag });
	await get({ IfMatch: ETag, IfUnmodifiedSince: before });
	await get({ IfModifiedSince: before });
	await get({ IfUnmodifiedSince: LastModified });
	await t.rejects(get({ IfMatch: '"other"' }), failed);
	await t.rejects(get({ IfUnmodifiedSince: before }), failed);
	await t.rejects(get({ IfNoneMatch: ETag }), unchanged);
	await t.rejects(get({ IfModifiedSince: LastModified }), unchanged);
	await get({ IfNoneMatch: '"other"', IfModifiedSince: LastModified });
	const head = new HeadObjectCommand({ Bucket, Key, IfMatch: '"other"' });
	await t.rejects(s3.send(head), { ...failed, name: /./ });

	await t.rejects(put({ IfNoneMatch: "*" }), failed);
	await t.rejects(put({ IfMatch: '"other"' }), failed);
	await put({ IfMatch: ETag });
	const rewritten = (await get()).LastModified;

	const copy = (more: object) =>
		s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "b",
				CopySource: "/bucket/a",
				...more,
			}),
		);
	await t.rejects(copy({ CopySourceIfMatch: '"other"' }), failed);
	await t.rejects(copy({ CopySourceIfNoneMatch: ETag }), failed);
	await t.rejects(copy({ CopySourceIfModifiedSince: rewritten }), failed);
	await t.rejects(copy({ CopySourceIfUnmodifiedSince: before }), failed);
	await copy({ CopySourceIfMatch: ETag });
	await t.rejects(copy({ IfNoneMatch: "*" }), failed);

	const remove = (IfMatch: string | undefined) =>
		s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch }));
	await t.rejects(remove('"other"'), failed);
	await remove(ETag);
	await t.rejects(get(), { name: "NoSuchKey" });
});

t.test("tags travel with their object", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const tagsOf = async (Key: string) =>
		(await s3.send(new GetObjectTaggingCommand({ Bucket, Key }))).TagSet;
	await s3.send(
		new PutObjectCommand({
			Bucket,
			Key: "a",
			Body: "x",
			Tagging: "k%20ey=v%26&b=",
		}),
	);
	const first = [
		{ Key: "k ey", Value: "v&" },
		{ Key: "b", Value: "" },
	];
	t.strictSame(await tagsOf("a"), first);
	const { TagCount } = await s3.send(
		new GetObjectCommand({ Bucket, Key: "a" }),
	);
	t.equal(TagCount, 2);

	const copy = (more: object) =>
		s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "b",
				CopySource: "/bucket/a",
				...more,
			}),
		);
	await copy({});
	t.strictSame(await tagsOf("b"), first);
	await copy({ TaggingDirective: "REPLACE", Tagging: "new=1" });
	const second = [{ Key: "new", Value: "1" }];
	t.strictSame(await tagsOf("b"), second);

	const tag = (TagSet: { Key: string; Value: string }[]) =>
		s3.send(
			new PutObjectTaggingCommand({ Bucket, Key: "a", Tagging: { TagSet } }),
		);
	await tag(second);
	t.strictSame(await tagsOf("a"), second);
	const many = Array.from({ length: 11 }, (_, n) => ({
		Key: `${n}`,
		Value: "",
	}));
	await t.rejects(tag(many), { name: "BadRequest" });
	await t.rejects(tag([...second, ...second]), { name: "InvalidTag" });
	await t.rejects(tag([{ Key: "k".repeat(129), Value: "" }]), {
		name: "InvalidTag",
	});
	t.strictSame(await tagsOf("a"), second, "a refusal changes nothing");
	const { ContentLength } = await s3.send(
		new HeadObjectCommand({ Bucket, Key: "a" }),
	);
	t.equal(ContentLength, 1);
	await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: "a" }));
	t.strictSame(await tagsOf("a"), []);
	await t.rejects(tagsOf("none"), { name: "NoSuchKey" });
});

t.test("parts are copied from ranges of another object", async (t) => {
	const { s3, directory } = await startEmbeddedStore(t);
	await s3.send(new PutObjectCommand({ Bucket, Key: "a", Body: "0123456789" }));
	const { UploadId } = await s3.send(
		new CreateMultipartUploadCommand({ Bucket, Key: "b", Tagging: "k=v" }),
	);
	const part = async (
		PartNumber: number,
		range: string | undefined,
		more = {},
	) => {
		const answer = await s3.send(
			new UploadPartCopyCommand({
				Bucket,
				Key: "b",
				UploadId,
				PartNumber,
				CopySource: "/bucket/a",
				CopySourceRange: range,
				...more,
			}),
		);
		return { PartNumber, ETag: answer.CopyPartResult?.ETag };
	};
	for (const range of ["bytes=5-10", "bytes=5-4", "bytes=-3", "bytes=3-"]) {
		await t.rejects(part(1, range), { name: "InvalidArgument" }, range);
	}
	await t.rejects(part(1, undefined, { CopySourceIfMatch: '"other"' }), failed);
	const Parts = [await part(1, "bytes=7-9"), await part(2, undefined)];
	await s3.send(
		new CompleteMultipartUploadCommand({
			Bucket,
			Key: "b",
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
	const { Body, ETag, TagCount } = await s3.send(
		new GetObjectCommand({ Bucket, Key: "b" }),
	);
	t.equal(await Body?.transformToString(), "7890123456789");
	t.match(ETag, /-2"$/);
	t.equal(TagCount, 1);
	t.strictSame(readdirSync(join(directory, "unfinished")), []);
});

t.test("checksums are kept, and answered to who asks", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const head = async (Key: string) => {
		const found = await s3.send(
			new HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }),
		);
		return [found.ChecksumType, found.ChecksumCRC32, found.ChecksumSHA256];
	};
	const sha256 = createHash("sha256").update("content").digest("base64");
	const put = (more: object) =>
		s3.send(
			new PutObjectCommand({ Bucket, Key: "a", Body: "content", ...more }),
		);
	await t.rejects(put({ ChecksumSHA256: sha256.replace(/^./, "_") }));
	await t.rejects(s3.send(new HeadObjectCommand({ Bucket, Key: "a" })));
	t.equal((await put({ ChecksumSHA256: sha256 })).ChecksumSHA256, sha256);
	t.strictSame(await head("a"), ["FULL_OBJECT", undefined, sha256]);
	const unasked = await s3.send(new HeadObjectCommand({ Bucket, Key: "a" }));
	t.equal(unasked.ChecksumSHA256, undefined);

	const pieces = ["first ", "second ", "third"];
	const upload = async (Key: string, create: object, complete = {}) => {
		const { UploadId } = await s3.send(
			new CreateMultipartUploadCommand({ Bucket, Key, ...create }),
		);
		const Parts = [];
		for (const [index, Body] of pieces.entries()) {
			const given = { Bucket, Key, UploadId, PartNumber: index + 1, Body };
			const { ETag, ChecksumCRC32 } = await s3.send(
				new UploadPartCommand(given),
			);
			Parts.push({ ETag, PartNumber: index + 1, ChecksumCRC32 });
		}
		return s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload: { Parts },
				...complete,
			}),
		);
	};
	const crc = (text: string | Buffer): Buffer => {
		const digest = Buffer.alloc(4);
		digest.writeUInt32BE(crc32(text));
		return digest;
	};
	const whole = crc(pieces.join("")).toString("base64");
	const composite = `${crc(Buffer.concat(pieces.map(crc))).toString("base64")}-3`;
	const ask = { ChecksumAlgorithm: "CRC32" as const };
	const silent = { MultipartUpload: { Parts: [{ PartNumber: 1 }] } };
	await t.rejects(upload("b", ask, silent), {
		message:
			"The upload was created using a crc32 checksum. The complete request must include the checksum for each part. It was missing for part 1 in the request.",
	});
	const full = { ...ask, ChecksumType: "FULL_OBJECT" as const };
	t.equal((await upload("b", ask)).ChecksumCRC32, composite);
	t.strictSame(await head("b"), ["COMPOSITE", composite, undefined]);
	t.equal((await upload("c", full)).ChecksumCRC32, whole);
	t.strictSame(await head("c"), ["FULL_OBJECT", whole, undefined]);
	await upload("d", full, { ChecksumCRC32: whole });
	await t.rejects(upload("e", full, { ChecksumCRC32: "AAAAAA==" }), {
		name: "BadDigest",
	});
	await t.rejects(upload("f", { ChecksumAlgorithm: "SHA256" }), {
		message: /expected checksum Type: sha256, actual checksum Type: crc32/,
	});
	const impossible = {
		ChecksumAlgorithm: "SHA256",
		ChecksumType: "FULL_OBJECT",
	};
	await t.rejects(upload("g", impossible), { name: "InvalidRequest" });
});

t.test("settings of a bucket are kept as they came", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const encryption = () => s3.send(new GetBucketEncryptionCommand({ Bucket }));
	const rule = async () =>
		(await encryption()).ServerSideEncryptionConfiguration?.Rules?.[0]
			?.ApplyServerSideEncryptionByDefault;
	t.strictSame(await rule(), { SSEAlgorithm: "AES256" });
	const wanted = { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: "k" };
	await s3.send(
		new PutBucketEncryptionCommand({
			Bucket,
			ServerSideEncryptionConfiguration: {
				Rules: [{ ApplyServerSideEncryptionByDefault: wanted }],
			},
		}),
	);
	t.strictSame(await rule(), wanted);
	await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
	t.strictSame(await rule(), { SSEAlgorithm: "AES256" });

	const lifecycle = () =>
		s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
	await t.rejects(lifecycle(), { name: "NoSuchLifecycleConfiguration" });
	await s3.send(
		new PutBucketLifecycleConfigurationCommand({
			Bucket,
			LifecycleConfiguration: {
				Rules: [
					{ ID: "r", Status: "Enabled", Filter: {}, Expiration: { Days: 1 } },
				],
			},
		}),
	);
	t.match((await lifecycle()).Rules, [{ ID: "r", Expiration: { Days: 1 } }]);
	await s3.send(new DeleteBucketLifecycleCommand({ Bucket }));
	await t.rejects(lifecycle(), { name: "NoSuchLifecycleConfiguration" });

	const policy = (Policy: string) =>
		s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
	await t.rejects(policy("no json"), { name: "MalformedPolicy" });
	await policy('{"Statement":[]}');
	const kept = await s3.send(new GetBucketPolicyCommand({ Bucket }));
	t.equal(kept.Policy, '{"Statement":[]}');
	const versioning = await s3.send(new GetBucketVersioningCommand({ Bucket }));
	t.equal(versioning.Status, undefined);
	await t.rejects(s3.send(new GetBucketPolicyCommand({ Bucket: "none" })), {
		name: "NoSuchBucket",
	});
	await s3.send(new DeleteBucketCommand({ Bucket }));
});

t.test("a copy onto itself changes something, or is refused", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const Key = "k";
	await s3.send(
		new PutObjectCommand({
			Bucket,
			Key,
			Body: "x",
			Metadata: { m: "1" },
			StorageClass: "STANDARD_IA",
			WebsiteRedirectLocation: "/elsewhere",
		}),
	);
	const CopySource = `${Bucket}/${Key}`;
	const copy = (more: object) =>
		s3.send(new CopyObjectCommand({ Bucket, Key, CopySource, ...more }));
	await t.rejects(copy({}), {
		name: "InvalidRequest",
		message:
			"This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
	});
	const head = async (key = Key) => {
		const found = await s3.send(new HeadObjectCommand({ Bucket, Key: key }));
		const { Metadata, StorageClass, WebsiteRedirectLocation } = found;
		return [Metadata, StorageClass, WebsiteRedirectLocation];
	};
	const before = [{ m: "1" }, "STANDARD_IA", "/elsewhere"];
	t.strictSame(await head(), before);
	await copy({ Key: "copy" });
	t.strictSame(
		await head("copy"),
		[{ m: "1" }, undefined, undefined],
		"class and redirect are not inherited",
	);
	await copy({ StorageClass: "ONEZONE_IA" });
	t.strictSame(await head(), [{ m: "1" }, "ONEZONE_IA", undefined]);
	await copy({ MetadataDirective: "REPLACE", Metadata: { n: "2" } });
	t.strictSame(await head(), [{ n: "2" }, undefined, undefined]);
	await copy({ ServerSideEncryption: "AES256" });
});

t.test("parts that are not there, and locks, are refused", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const Key = "k";
	const put = (more = {}) =>
		s3.send(new PutObjectCommand({ Bucket, Key, Body: "", ...more }));
	await put();
	const get = (more: object) =>
		s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
	await t.rejects(get({ PartNumber: 2 }), {
		name: "InvalidPartNumber",
		ActualPartCount: "1",
		PartNumberRequested: "2",
		$metadata: { httpStatusCode: 416 },
	});
	await t.rejects(get({ PartNumber: 1, Range: "bytes=0-1" }), {
		name: "InvalidRequest",
	});
	t.equal((await get({ PartNumber: 1 })).ContentLength, 0);
	const missing = {
		name: "InvalidRequest",
		message: "Bucket is missing Object Lock Configuration",
	};
	await t.rejects(put({ ObjectLockLegalHoldStatus: "ON" }), missing);
	const hold = new GetObjectLegalHoldCommand({ Bucket, Key });
	await t.rejects(s3.send(hold), missing);
	const configuration = new GetObjectLockConfigurationCommand({ Bucket });
	await t.rejects(s3.send(configuration), {
		name: "ObjectLockConfigurationNotFoundError",
	});
});

t.test("a start clears what a run that died left behind", async (t) => {
	const { s3, directory, restart } = await startEmbeddedStore(t);
	await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
	const data = join(directory, "buckets", Bucket, "data");
	const kept = readdirSync(data);
	writeFileSync(join(data, "orphan.data"), "x");
	writeFileSync(join(directory, "unfinished", "draft"), "x");
	const later = await restart();
	t.strictSame(readdirSync(data), kept);
	t.strictSame(readdirSync(join(directory, "unfinished")), []);
	const got = await later.send(new GetObjectCommand({ Bucket, Key: "k" }));
	t.equal(await got.Body?.transformToString(), "x");
});
