import {
	CreateBucketCommand,
	DeleteBucketCommand,
	GetBucketLocationCommand,
	GetObjectCommand,
	HeadBucketCommand,
	ListBucketsCommand,
	ListObjectsCommand,
	ListObjectsV2Command,
	PutBucketVersioningCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

t.test("objects are listed in pages, by marker as well", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	for (const Key of ["a", "p/1", "p/2", "q", "ü b"]) {
		await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
	}
	const list = (more = {}) =>
		s3.send(new ListObjectsCommand({ Bucket, Delimiter: "/", ...more }));
	const first = await list({ MaxKeys: 2 });
	t.match(first, {
		IsTruncated: true,
		NextMarker: "p/",
		CommonPrefixes: [{ Prefix: "p/" }],
		Contents: [
			{
				Key: "a",
				Size: 1,
				StorageClass: "STANDARD",
				ChecksumType: "FULL_OBJECT",
			},
		],
	});
	t.match(first.Contents?.[0]?.Owner?.ID, /^[0-9a-f]{64}$/);
	const rest = await list({ Marker: first.NextMarker, EncodingType: "url" });
	t.strictSame(
		rest.Contents?.map(({ Key }) => Key),
		["q", "%C3%BC+b"],
	);
	t.equal(rest.IsTruncated, false);
	const second = (more = {}) =>
		s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1, ...more }));
	t.equal((await second()).Contents?.[0]?.Owner, undefined);
	t.ok((await second({ FetchOwner: true })).Contents?.[0]?.Owner?.ID);
	t.equal((await second({ StartAfter: "p/2" })).Contents?.[0]?.Key, "q");
	await t.rejects(second({ MaxKeys: -1 }), {
		name: "InvalidArgument",
		message: "Provided max-keys not an integer or within integer range",
	});
});

t.test(
	"buckets are listed by name, with the time of their making",
	async (t) => {
		const { s3 } = await startEmbeddedStore(t);
		await s3.send(new CreateBucketCommand({ Bucket: "another" }));
		const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
		t.strictSame(
			Buckets.map(({ Name }) => Name),
			["another", Bucket],
		);
		t.ok(Buckets.every(({ CreationDate }) => CreationDate instanceof Date));
		const { LocationConstraint } = await s3.send(
			new GetBucketLocationCommand({ Bucket }),
		);
		t.notOk(LocationConstraint);
		const { BucketRegion } = await s3.send(new HeadBucketCommand({ Bucket }));
		t.equal(BucketRegion, "us-east-1");
		await s3.send(new DeleteBucketCommand({ Bucket: "another" }));
		await t.rejects(s3.send(new HeadBucketCommand({ Bucket: "another" })), {
			name: "NotFound",
		});
		const mfa = { Status: "Enabled" as const, MFADelete: "Enabled" as const };
		await t.rejects(
			s3.send(
				new PutBucketVersioningCommand({
					Bucket,
					VersioningConfiguration: mfa,
				}),
			),
			{ name: "NotImplemented" },
		);
	},
);

t.test("a read may name the headers of its answer", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const Key = "k";
	await s3.send(new PutObjectCommand({ Bucket, Key, Body: "content" }));
	const got = await s3.send(
		new GetObjectCommand({
			Bucket,
			Key,
			ResponseContentType: "text/odd",
			ResponseContentDisposition: "attachment",
		}),
	);
	t.equal(await got.Body?.transformToString(), "content");
	t.match(got, {
		ContentType: "text/odd",
		ContentDisposition: "attachment",
		AcceptRanges: "bytes",
	});
	const beyond = new GetObjectCommand({ Bucket, Key, Range: "bytes=7-" });
	await t.rejects(s3.send(beyond), {
		name: "InvalidRange",
		RangeRequested: "bytes=7-",
		ActualObjectSize: "7",
	});
});
