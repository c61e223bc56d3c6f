/** Objects of one PUT on an envelope route, by the AWS SDK through a real gateway to the embedded store. */
import { createHash } from "node:crypto";
import {
	CopyObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { bytesOf, sample } from "./content.ts";
import { startSealed } from "./setup.ts";

const sizes = [0, 1, 65_495, 65_496, 65_497, 131_032, 131_033, 1_000_000];

t.test("what was put comes back, and the store never had it", async (t) => {
	const { client, store, bucket } = await startSealed(t);
	for (const size of sizes) {
		const Body = size < 4 ? Buffer.alloc(size, 7) : sample(size);
		const Key = `objects/${size}`;
		const put = await client.send(
			new PutObjectCommand({
				Bucket: bucket,
				Key,
				Body,
				ContentType: "text/x-test",
				Metadata: { colour: "blue", md5chksum: "secret-digest" },
			}),
		);
		t.match(put.ETag, /^"[0-9a-f]{32}-0"$/);
		const got = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key }),
		);
		t.ok((await bytesOf(got.Body)).equals(Body), `${size} bytes`);
		t.strictSame(
			[got.ETag, got.ContentLength, got.ContentType, got.Metadata],
			[
				put.ETag,
				size,
				"text/x-test",
				{ colour: "blue", md5chksum: "secret-digest" },
			],
		);
		const head = await client.send(
			new HeadObjectCommand({ Bucket: bucket, Key }),
		);
		t.strictSame([head.ContentLength, head.ETag], [size, put.ETag]);
		const kept = await store.send(
			new GetObjectCommand({ Bucket: bucket, Key }),
		);
		const ciphertext = await bytesOf(kept.Body);
		t.ok(ciphertext.length > size);
		if (size > 64) t.notOk(ciphertext.includes(Body.subarray(0, 32)));
		t.strictSame(Object.keys(kept.Metadata ?? {}).sort(), [
			"colour",
			"sealgate",
		]);
		t.not(
			kept.ETag,
			`"${createHash("md5").update(Body).digest("hex")}"`,
			"no digest of the plaintext reaches the store",
		);
	}
	const { Contents } = await client.send(
		new ListObjectsV2Command({ Bucket: bucket }),
	);
	t.strictSame(
		Contents?.map(({ Size }) => Size).sort(),
		[...sizes].sort(),
		"listings tell sizes of plaintext",
	);
});

t.test("ranges are those of the plaintext", async (t) => {
	const { client, bucket } = await startSealed(t);
	const content = sample(200_000);
	const Key = "ranged";
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key, Body: content }),
	);
	for (const [Range, start, end] of [
		["bytes=0-0", 0, 1],
		["bytes=0-65495", 0, 65_496],
		["bytes=65495-65497", 65_495, 65_498],
		["bytes=131000-199999", 131_000, 200_000],
		["bytes=199999-", 199_999, 200_000],
		["bytes=5-900000", 5, 200_000],
		["bytes=-1", 199_999, 200_000],
		["bytes=-999999", 0, 200_000],
	] as const) {
		const got = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key, Range }),
		);
		t.ok((await bytesOf(got.Body)).equals(content.subarray(start, end)), Range);
		t.equal(got.ContentRange, `bytes ${start}-${end - 1}/200000`);
		t.equal(got.$metadata.httpStatusCode, 206);
	}
	for (const Range of ["bytes=200000-", "bytes=200100-200200", "bytes=-0"]) {
		await t.rejects(
			client.send(new GetObjectCommand({ Bucket: bucket, Key, Range })),
			{ name: "InvalidRange", $metadata: { httpStatusCode: 416 } },
			Range,
		);
	}
});

t.test(
	"the mark of a folder has no bytes in the store, and its record proves that it has none",
	async (t) => {
		const { client, store, bucket } = await startSealed(t);
		const at = { Bucket: bucket, Key: "folder/" };
		await client.send(
			new PutObjectCommand({ ...at, Body: "", Metadata: { colour: "red" } }),
		);
		const kept = await store.send(new HeadObjectCommand(at));
		t.equal(kept.ContentLength, 0);
		t.ok(kept.Metadata?.sealgate, "it has a record");
		const got = await client.send(new GetObjectCommand(at));
		t.equal((await bytesOf(got.Body)).length, 0);
		t.same(got.Metadata, { colour: "red" });
		const head = await client.send(new HeadObjectCommand(at));
		t.equal(head.ContentLength, 0);
		await t.rejects(
			client.send(new GetObjectCommand({ ...at, Range: "bytes=0-0" })),
			{ name: "InvalidRange" },
		);
		const copy = { Bucket: bucket, Key: "copy/" };
		await client.send(
			new CopyObjectCommand({ ...copy, CopySource: `${bucket}/folder/` }),
		);
		const copied = await client.send(new GetObjectCommand(copy));
		t.equal((await bytesOf(copied.Body)).length, 0);
		const listed = await client.send(
			new ListObjectsV2Command({ Bucket: bucket }),
		);
		t.same(
			listed.Contents?.map(({ Key, Size }) => [Key, Size]),
			[
				["copy/", 0],
				["folder/", 0],
			],
		);
		// The same record over bytes that are not there: only what is empty may lack its ciphertext.
		const full = { Bucket: bucket, Key: "full" };
		await client.send(new PutObjectCommand({ ...full, Body: "content" }));
		const { Metadata } = await store.send(new HeadObjectCommand(full));
		await store.send(new PutObjectCommand({ ...full, Body: "", Metadata }));
		await t.rejects(client.send(new GetObjectCommand(full)), {
			name: "DecryptionFailed",
		});
	},
);
