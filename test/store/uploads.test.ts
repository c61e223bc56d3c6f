import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	DeleteBucketCommand,
	GetObjectCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	type S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

async function begin(s3: S3Client, Key: string, more = {}): Promise<string> {
	const { UploadId = "" } = await s3.send(
		new CreateMultipartUploadCommand({ Bucket, Key, ...more }),
	);
	return UploadId;
}

async function put(
	s3: S3Client,
	Key: string,
	UploadId: string,
	PartNumber: number,
	Body = `part ${PartNumber};`,
) {
	const part = { Bucket, Key, UploadId, PartNumber, Body };
	const { ETag, ChecksumCRC32 } = await s3.send(new UploadPartCommand(part));
	return { PartNumber, ETag, ChecksumCRC32 };
}

t.test("an upload goes on after a restart of the store", async (t) => {
	const { s3, restart, directory } = await startEmbeddedStore(t);
	const Key = "k";
	const UploadId = await begin(s3, Key, {
		Metadata: { m: "1" },
		ChecksumAlgorithm: "CRC32",
	});
	const first = await put(s3, Key, UploadId, 1);
	await put(s3, Key, UploadId, 2, "replaced");
	const again = await restart();
	const { Parts = [] } = await again.send(
		new ListPartsCommand({ Bucket, Key, UploadId }),
	);
	t.match(Parts, [
		{ PartNumber: 1, Size: 7, ChecksumCRC32: first.ChecksumCRC32 },
		{ PartNumber: 2, Size: 8 },
	]);
	const second = await put(again, Key, UploadId, 2);
	await again.send(
		new CompleteMultipartUploadCommand({
			Bucket,
			Key,
			UploadId,
			MultipartUpload: { Parts: [first, second] },
		}),
	);
	const got = await again.send(new GetObjectCommand({ Bucket, Key }));
	t.equal(await got.Body?.transformToString(), "part 1;part 2;");
	t.strictSame(got.Metadata, { m: "1" });
	t.match(got.ETag, /-2"$/);
	t.strictSame(readdirSync(join(directory, "uploads")), []);
});

t.test("uploads under way are listed in pages", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const list = (more = {}) =>
		s3.send(new ListMultipartUploadsCommand({ Bucket, ...more }));
	const begun: string[] = [];
	for (const Key of ["b", "p/1", "a", "b", "p/2", "ü"]) {
		begun.push(`${Key} ${await begin(s3, Key)}`);
	}
	const shown: string[] = [];
	const prefixes: (string | undefined)[] = [];
	let markers = {};
	for (;;) {
		const page = await list({ Delimiter: "/", MaxUploads: 2, ...markers });
		for (const { Key, UploadId, Initiated, StorageClass } of page.Uploads ??
			[]) {
			t.ok(Initiated instanceof Date);
			t.equal(StorageClass, "STANDARD");
			shown.push(`${Key} ${UploadId}`);
		}
		prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
		if (!page.IsTruncated) break;
		markers = {
			KeyMarker: page.NextKeyMarker,
			UploadIdMarker: page.NextUploadIdMarker,
		};
	}
	t.strictSame(prefixes, ["p/"]);
	t.strictSame(
		shown,
		[2, 0, 3, 5].map((index) => begun[index]),
		"by key, and of one key in the order of their beginning",
	);
	const { Uploads = [] } = await list({ Prefix: "p/" });
	t.strictSame(
		Uploads.map(({ Key }) => Key),
		["p/1", "p/2"],
	);
	const encoded = await list({ Prefix: "ü", EncodingType: "url" });
	t.equal(encoded.Uploads?.[0]?.Key, "%C3%BC");

	const [first] = Uploads;
	await s3.send(
		new AbortMultipartUploadCommand({
			Bucket,
			Key: "p/1",
			UploadId: first?.UploadId,
		}),
	);
	t.equal((await list({ Prefix: "p/" })).Uploads?.length, 1);
});

t.test("the parts of an upload are listed in pages", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const Key = "k";
	const UploadId = await begin(s3, Key);
	for (const number of [9, 3, 1, 7]) await put(s3, Key, UploadId, number);
	const list = (more = {}) =>
		s3.send(new ListPartsCommand({ Bucket, Key, UploadId, ...more }));
	const first = await list({ MaxParts: 2 });
	const numbers = (parts: typeof first.Parts) =>
		parts?.map(({ PartNumber }) => PartNumber);
	t.strictSame(numbers(first.Parts), [1, 3]);
	t.match(first, { IsTruncated: true, NextPartNumberMarker: "3" });
	const rest = await list({ PartNumberMarker: first.NextPartNumberMarker });
	t.strictSame(numbers(rest.Parts), [7, 9]);
	t.match(rest, { IsTruncated: false, PartNumberMarker: "3" });
	const none = await list({ MaxParts: 0 });
	t.match(none, { IsTruncated: false, MaxParts: 0 });
	await t.rejects(list({ MaxParts: -1 }), { name: "InvalidArgument" });
});

t.test("a list of parts that is wrong is refused in S3's words", async (t) => {
	const { s3 } = await startEmbeddedStore(t, { minimumPart: 8 });
	const Key = "k";
	const UploadId = await begin(s3, Key);
	const [one, two] = [
		await put(s3, Key, UploadId, 1),
		await put(s3, Key, UploadId, 2),
	];
	const complete = (Parts: (typeof one)[], more = {}) =>
		s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload: { Parts },
				...more,
			}),
		);
	const etag = one.ETag?.replaceAll('"', "");
	await t.rejects(complete([]), {
		name: "InvalidRequest",
		message: "You must specify at least one part",
	});
	await t.rejects(complete([two, one]), { name: "InvalidPartOrder", UploadId });
	await t.rejects(complete([one, two]), {
		name: "EntityTooSmall",
		ETag: etag,
		MinSizeAllowed: "8",
		PartNumber: "1",
		ProposedSize: "7",
	});
	await t.rejects(complete([{ ...one, PartNumber: 3 }]), {
		name: "InvalidPart",
		ETag: etag,
		PartNumber: "3",
		UploadId,
	});
	await t.rejects(complete([one], { MpuObjectSize: 5 }), {
		message:
			"The provided 'x-amz-mp-object-size' header value 5 does not match what was computed: 7",
	});
	await t.rejects(complete([one], { ChecksumType: "COMPOSITE" }), {
		message:
			"The upload was created using the null checksum mode. The complete request must use the same checksum mode.",
	});
	await t.rejects(put(s3, Key, UploadId, 0), {
		message: "Part number must be an integer between 1 and 10000, inclusive",
		ArgumentName: "partNumber",
		ArgumentValue: "0",
	});
	await t.rejects(put(s3, "other", UploadId, 1), {
		name: "NoSuchUpload",
		UploadId,
	});
	await complete([one]);
	await t.rejects(complete([one]), { name: "NoSuchUpload" });
});

t.test("a bucket that goes takes its uploads with it", async (t) => {
	const { s3, directory } = await startEmbeddedStore(t);
	const UploadId = await begin(s3, "k");
	await put(s3, "k", UploadId, 1);
	await s3.send(new DeleteBucketCommand({ Bucket }));
	t.notOk(existsSync(join(directory, "uploads", UploadId)));
});

t.test("of completions at once, one alone makes the object", async (t) => {
	const { s3, directory } = await startEmbeddedStore(t);
	const Key = "k";
	const UploadId = await begin(s3, Key);
	const Parts = [
		await put(s3, Key, UploadId, 1, "x".repeat(1024 * 1024)),
		await put(s3, Key, UploadId, 2),
	];
	const complete = () =>
		s3.send(
			new CompleteMultipartUploadCommand({
				Bucket,
				Key,
				UploadId,
				MultipartUpload: { Parts },
			}),
		);
	const outcomes = await Promise.allSettled([
		...Array.from({ length: 6 }, complete),
		s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
	]);
	const lost = outcomes.filter(({ status }) => status === "rejected");
	t.equal(lost.length, 6);
	for (const outcome of lost) {
		t.match(outcome, { reason: { name: "NoSuchUpload" } });
	}
	t.strictSame(readdirSync(join(directory, "uploads")), []);
	t.strictSame(readdirSync(join(directory, "unfinished")), []);
});

t.test("of one part sent many times at once, one stays", async (t) => {
	const { s3, restart, directory } = await startEmbeddedStore(t);
	const Key = "k";
	const UploadId = await begin(s3, Key);
	const bodies = Array.from({ length: 24 }, (_, n) => `sent ${n}`);
	await Promise.all(bodies.map((body) => put(s3, Key, UploadId, 1, body)));
	const folder = readdirSync(join(directory, "uploads", UploadId));
	t.strictSame(folder.length, 3, "the beginning, the part and its bytes");
	const again = await restart();
	const { Parts } = await again.send(
		new ListPartsCommand({ Bucket, Key, UploadId }),
	);
	await again.send(
		new CompleteMultipartUploadCommand({
			Bucket,
			Key,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
	const got = await again.send(new GetObjectCommand({ Bucket, Key }));
	t.ok(bodies.includes((await got.Body?.transformToString()) ?? ""));
});
