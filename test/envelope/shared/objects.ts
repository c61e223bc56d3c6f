/** Objects of one PUT: bodies, ranges, conditions, checksums, metadata, tags, deletes. */
import { Readable } from "node:stream";
import {
	DeleteObjectCommand,
	DeleteObjectsCommand,
	DeleteObjectTaggingCommand,
	GetObjectAttributesCommand,
	GetObjectCommand,
	type GetObjectCommandInput,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	PutObjectCommand,
	type PutObjectCommandInput,
	PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { sample } from "../content.ts";
import type { Recorder, Side } from "./answers.ts";

export const content = sample(200_000);
const day = 86_400_000;

export async function objects(record: Recorder, side: Side): Promise<void> {
	const Bucket = side.bucket;
	const get = (step: string, input: Partial<GetObjectCommandInput>) =>
		record.ask(step, new GetObjectCommand({ Bucket, Key: "object", ...input }));
	const put = (step: string, input: Partial<PutObjectCommandInput>) =>
		record.ask(step, new PutObjectCommand({ Bucket, Key: "object", ...input }));
	const head = (step: string, Key = "object") =>
		record.ask(step, new HeadObjectCommand({ Bucket, Key }));

	await put("put", {
		Body: content,
		ContentType: "text/x-shared",
		CacheControl: "max-age=60",
		ContentDisposition: 'attachment; filename="a b"',
		ContentLanguage: "de",
		Expires: new Date(Date.UTC(2040, 0, 2)),
		Metadata: { colour: "blue", "two-words": "a, b  c" },
		Tagging: "team=red&empty=",
	});
	const { LastModified } = await head("head");
	const { ETag } = await get("get", {});
	for (const Range of [
		...["bytes=0-0", "bytes=65490-65500", "bytes=131000-", "bytes=-7"],
		...["bytes=5-900000", "bytes=-900000", "bytes=0-199999"],
		...["bytes=200000-", "bytes=300000-300001", "bytes=-0", "bytes=9-3"],
		...["bytes=0-1,5-6", "lines=1-2"],
	]) {
		await get(`range ${Range}`, { Range });
	}
	await get("part 1 of an object of none", { PartNumber: 1 });
	await get("part 2 of an object of none", { PartNumber: 2 });
	await get("overrides", {
		ResponseContentType: "image/png",
		ResponseCacheControl: "no-store",
		ResponseContentDisposition: "inline",
		ResponseContentEncoding: "identity",
		ResponseContentLanguage: "fr",
		ResponseExpires: new Date(Date.UTC(2030, 0, 1)),
	});

	const other = '"00000000000000000000000000000000"';
	const before = new Date(LastModified.getTime() - day);
	for (const [name, condition] of Object.entries({
		"the ETag": { IfMatch: ETag },
		"another ETag": { IfMatch: other },
		"none of the ETag": { IfNoneMatch: ETag },
		"none of another": { IfNoneMatch: other },
		"modified since then": { IfModifiedSince: LastModified },
		"modified since before": { IfModifiedSince: before },
		"unmodified since then": { IfUnmodifiedSince: LastModified },
		"unmodified since before": { IfUnmodifiedSince: before },
		"the ETag, whatever the date": {
			IfMatch: ETag,
			IfUnmodifiedSince: before,
		},
		"none of another, whatever the date": {
			IfNoneMatch: other,
			IfModifiedSince: LastModified,
		},
	})) {
		await get(`get if ${name}`, { ...condition, Range: "bytes=0-3" });
		await record.ask(
			`head if ${name}`,
			new HeadObjectCommand({ Bucket, Key: "object", ...condition }),
		);
	}
	await put("put if none, but there is", { Body: "x", IfNoneMatch: "*" });
	await put("put if another", { Body: "x", IfMatch: other });
	await put("put if none", { Key: "once", Body: "x", IfNoneMatch: "*" });
	const { ETag: once } = await head("head of it", "once");
	await put("put if the same", { Key: "once", Body: "xy", IfMatch: once });
	await head("head after it", "once");

	await put("empty", { Key: "empty", Body: "" });
	await get("get empty", { Key: "empty" });
	await head("head empty", "empty");
	await get("a range of nothing", { Key: "empty", Range: "bytes=0-0" });
	await get("the last of nothing", { Key: "empty", Range: "bytes=-1" });
	await get("nothing there", { Key: "absent" });
	await head("head of nothing there", "absent");
	await put("a key of letters", { Key: "a/b c+ü%~'", Body: "k" });
	await get("get a key of letters", { Key: "a/b c+ü%~'" });

	for (const ChecksumAlgorithm of [
		...(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const),
	]) {
		const Key = `sum/${ChecksumAlgorithm}`;
		const Body = content.subarray(0, 100_000);
		await put(`${ChecksumAlgorithm} header`, { Key, Body, ChecksumAlgorithm });
		await get(`get ${ChecksumAlgorithm} header`, {
			Key,
			ChecksumMode: "ENABLED",
		});
		await put(`${ChecksumAlgorithm} trailer`, {
			Key,
			Body: Readable.from([Body]),
			ContentLength: Body.length,
			ChecksumAlgorithm,
		});
		await get(`get ${ChecksumAlgorithm} trailer`, { Key });
	}
	await put("a wrong checksum", {
		Key: "sum/wrong",
		Body: "hello",
		ChecksumCRC32: "AAAAAA==",
	});
	await put("a wrong MD5", {
		Key: "sum/wrong",
		Body: "hello",
		ContentMD5: "1B2M2Y8AsgTpgAmY7PhCfg==",
	});
	await head("neither was kept", "sum/wrong");

	const at = { Bucket, Key: "object" };
	await record.ask("tags", new GetObjectTaggingCommand(at));
	const Tagging = { TagSet: [{ Key: "a", Value: "1" }] };
	await record.ask("tag", new PutObjectTaggingCommand({ ...at, Tagging }));
	await record.ask("tags again", new GetObjectTaggingCommand(at));
	await record.ask("untag", new DeleteObjectTaggingCommand(at));
	await head("head after tags");
	await record.ask(
		"attributes",
		new GetObjectAttributesCommand({
			...at,
			ObjectAttributes: ["ETag", "ObjectSize", "StorageClass"],
		}),
	);
	await record.ask(
		"attributes of nothing there",
		new GetObjectAttributesCommand({
			...at,
			Key: "absent",
			ObjectAttributes: ["ETag"],
		}),
	);

	await record.ask("delete", new DeleteObjectCommand({ Bucket, Key: "empty" }));
	await record.ask(
		"delete what is gone",
		new DeleteObjectCommand({ Bucket, Key: "empty" }),
	);
	await head("head of what is gone", "empty");
	const Objects = ["CRC32", "SHA1", "nothing"].map((name) => ({
		Key: `sum/${name}`,
	}));
	await record.ask(
		"delete some",
		new DeleteObjectsCommand({ Bucket, Delete: { Objects } }),
	);
	await record.ask(
		"delete some, quietly",
		new DeleteObjectsCommand({
			Bucket,
			Delete: { Objects: [{ Key: "sum/SHA256" }], Quiet: true },
		}),
	);
	const nowhere = { Bucket: `${Bucket}-absent`, Key: "object" };
	await record.ask("no such bucket", new GetObjectCommand(nowhere));
}
