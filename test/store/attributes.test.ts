import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	GetObjectAttributesCommand,
	type ObjectAttributes,
	PutBucketVersioningCommand,
	PutObjectCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const Key = "k";
const all: ObjectAttributes[] = [
	"ETag",
	"Checksum",
	"ObjectParts",
	"StorageClass",
	"ObjectSize",
];

t.test("the attributes that are asked for are answered", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const attributes = (ObjectAttributes: ObjectAttributes[], more = {}) =>
		s3.send(
			new GetObjectAttributesCommand({
				Bucket,
				Key,
				ObjectAttributes,
				...more,
			}),
		);
	const put = new PutObjectCommand({
		Bucket,
		Key,
		Body: "content",
		StorageClass: "STANDARD_IA",
	});
	const { ETag = "", ChecksumCRC32 } = await s3.send(put);
	const { $metadata: _, LastModified, ...found } = await attributes(all);
	t.ok(LastModified instanceof Date);
	t.match(found, {
		ETag: ETag.replaceAll('"', ""),
		Checksum: { ChecksumCRC32, ChecksumType: "FULL_OBJECT" },
		StorageClass: "STANDARD_IA",
		ObjectSize: 7,
	});
	t.equal(found.ObjectParts, undefined);
	const few = await attributes(["ObjectSize"]);
	t.equal(few.ObjectSize, 7);
	t.equal(few.ETag, undefined);
	await t.rejects(attributes(["Owner" as ObjectAttributes]), {
		name: "InvalidArgument",
		message: "Invalid attribute name specified.",
	});
	await t.rejects(attributes(all, { Key: "none" }), { name: "NoSuchKey" });

	await s3.send(
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	const { VersionId } = await s3.send(put);
	t.equal((await attributes(all)).VersionId, VersionId);
	await s3.send(new DeleteObjectCommand({ Bucket, Key }));
	await t.rejects(attributes(all), { name: "NoSuchKey" });
	t.equal((await attributes(all, { VersionId })).ObjectSize, 7);
});

t.test("the parts of an object are answered in pages", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const upload = async (ask: object) => {
		const { UploadId } = await s3.send(
			new CreateMultipartUploadCommand({ Bucket, Key, ...ask }),
		);
		const Parts = [];
		for (const PartNumber of [1, 2, 3]) {
			const Body = "x".repeat(PartNumber);
			const { $metadata: _, ...part } = await s3.send(
				new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }),
			);
			const { ETag, ChecksumCRC32 } = part;
			Parts.push({ PartNumber, ETag, ChecksumCRC32 });
		}
		const MultipartUpload = { Parts };
		await s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload,
			}),
		);
		return Parts;
	};
	const parts = async (more = {}) => {
		const { ObjectParts } = await s3.send(
			new GetObjectAttributesCommand({
				Bucket,
				Key,
				ObjectAttributes: ["ObjectParts"],
				...more,
			}),
		);
		return ObjectParts;
	};
	const uploaded = await upload({ ChecksumAlgorithm: "CRC32" });
	const checksums = uploaded.map(({ ChecksumCRC32 }) => ChecksumCRC32);
	const first = await parts({ MaxParts: 2 });
	t.match(first, {
		TotalPartsCount: 3,
		PartNumberMarker: "0",
		NextPartNumberMarker: "2",
		MaxParts: 2,
		IsTruncated: true,
		Parts: [
			{ PartNumber: 1, Size: 1, ChecksumCRC32: checksums[0] },
			{ PartNumber: 2, Size: 2, ChecksumCRC32: checksums[1] },
		],
	});
	const rest = await parts({ PartNumberMarker: first?.NextPartNumberMarker });
	t.match(rest, {
		IsTruncated: false,
		Parts: [{ PartNumber: 3, Size: 3, ChecksumCRC32: checksums[2] }],
	});
	t.equal(rest?.Parts?.length, 1);

	await upload({});
	const silent = await parts();
	t.equal(silent?.TotalPartsCount, 3);
	t.equal(silent?.Parts, undefined, "without checksums only their number");
});
