/** Conditional requests, overrides, presigned URLs, tags and the like: as from the store itself, in the client's ETags. */
import {
	CopyObjectCommand,
	DeleteObjectCommand,
	GetObjectAclCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	PutObjectCommand,
	PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import t from "tap";
import { attempt } from "./attempt.ts";
import { bytesOf, sample } from "./content.ts";
import { type Sealed, startSealed } from "./setup.ts";
import { uploadParts } from "./upload-parts.ts";

const content = sample(100_000);
const parts = [sample(5 * 1024 ** 2, 1), sample(5 * 1024 ** 2, 2)];

async function written(sealed: Sealed) {
	const { client, bucket } = sealed;
	const at = { Bucket: bucket, Key: "single" };
	await client.send(
		new PutObjectCommand({
			...at,
			Body: content,
			ContentType: "text/a",
			Tagging: "a=b",
		}),
	);
	await uploadParts(sealed, "parts", parts);
	const objects = [
		["single", content],
		["parts", Buffer.concat(parts)],
	] as const;
	return Promise.all(
		objects.map(async ([Key, bytes]) => {
			const named = { Bucket: bucket, Key };
			const head = await client.send(new HeadObjectCommand(named));
			return {
				at: named,
				bytes,
				etag: head.ETag as string,
				date: head.LastModified as Date,
			};
		}),
	);
}

t.test("conditions of reads, by ETag and by date", async (t) => {
	const sealed = await startSealed(t);
	const { client } = sealed;
	const hour = 3_600_000;
	for (const { at, bytes, etag, date } of await written(sealed)) {
		t.match(etag, /-\d+"$/);
		const get = async (conditions: object, Range?: string) => {
			const command = new GetObjectCommand({
				...at,
				...conditions,
				...(Range && { Range }),
			});
			return client.send(command).then(
				async ({ Body, $metadata }) => [
					$metadata.httpStatusCode,
					(await bytesOf(Body)).length,
				],
				({ $metadata }) => [$metadata.httpStatusCode],
			);
		};
		for (const Range of [undefined, "bytes=5-14", "bytes=-10"]) {
			const whole = Range === undefined ? [200, bytes.length] : [206, 10];
			t.strictSame(await get({ IfMatch: etag }, Range), whole);
			t.strictSame(await get({ IfMatch: "*" }, Range), whole);
			t.strictSame(await get({ IfMatch: `"x", ${etag}` }, Range), whole);
			t.strictSame(await get({ IfMatch: '"other"' }, Range), [412]);
			t.strictSame(await get({ IfNoneMatch: etag }, Range), [304]);
			t.strictSame(await get({ IfNoneMatch: '"other"' }, Range), whole);
			t.strictSame(await get({ IfModifiedSince: date }, Range), [304]);
			t.strictSame(
				await get({ IfModifiedSince: new Date(date.getTime() - hour) }, Range),
				whole,
			);
			t.strictSame(await get({ IfUnmodifiedSince: date }, Range), whole);
			t.strictSame(
				await get(
					{ IfUnmodifiedSince: new Date(date.getTime() - hour) },
					Range,
				),
				[412],
			);
		}
		const head = (conditions: object) =>
			client.send(new HeadObjectCommand({ ...at, ...conditions })).then(
				({ $metadata }) => $metadata.httpStatusCode,
				({ $metadata }) => $metadata.httpStatusCode,
			);
		t.equal(await head({ IfMatch: etag }), 200);
		t.equal(await head({ IfMatch: '"other"' }), 412);
		t.equal(await head({ IfNoneMatch: etag }), 304);
	}
});

t.test(
	"If-Range: the range where the object is the one named, else all of it",
	async (t) => {
		const sealed = await startSealed(t, "", { authentication: "trust" });
		const { gateway, bucket } = sealed;
		for (const { at, bytes, etag, date } of await written(sealed)) {
			const get = async (ifRange: string) => {
				const headers = { range: "bytes=5-14", "if-range": ifRange };
				const answer = await attempt(gateway.endpoint, `/${bucket}/${at.Key}`, {
					headers,
				});
				return [
					answer.status,
					answer.body.equals(
						answer.status === 206 ? bytes.subarray(5, 15) : bytes,
					),
				];
			};
			t.strictSame(await get(etag), [206, true]);
			t.strictSame(await get(date.toUTCString()), [206, true]);
			t.strictSame(await get('"other"'), [200, true]);
			t.strictSame(await get(new Date(0).toUTCString()), [200, true]);
		}
	},
);

t.test("conditions of writes, copies and deletes", async (t) => {
	const sealed = await startSealed(t);
	const { client, bucket } = sealed;
	const failed = { name: "PreconditionFailed" };
	for (const { at, bytes, etag } of await written(sealed)) {
		const put = (conditions: object) =>
			client.send(new PutObjectCommand({ ...at, Body: "x", ...conditions }));
		await t.rejects(put({ IfNoneMatch: "*" }), failed);
		await t.rejects(put({ IfMatch: '"other"' }), failed);
		const copy = (conditions: object) =>
			client.send(
				new CopyObjectCommand({
					Bucket: bucket,
					Key: "copy",
					CopySource: `${bucket}/${at.Key}`,
					...conditions,
				}),
			);
		await t.rejects(copy({ CopySourceIfMatch: '"other"' }), failed);
		await t.rejects(copy({ CopySourceIfNoneMatch: etag }), failed);
		await copy({ CopySourceIfMatch: etag });
		const copied = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key: "copy" }),
		);
		t.ok((await bytesOf(copied.Body)).equals(bytes));
		const remove = (IfMatch: string) =>
			client.send(new DeleteObjectCommand({ ...at, IfMatch }));
		await t.rejects(remove('"other"'), failed);
		await put({ IfMatch: etag });
		await t.rejects(remove(etag), failed);
	}
});

t.test("overrides, presigned URLs, tags and ACLs", async (t) => {
	const sealed = await startSealed(t);
	const { client, bucket } = sealed;
	await written(sealed);
	const at = { Bucket: bucket, Key: "single" };
	const got = await client.send(
		new GetObjectCommand({
			...at,
			ResponseContentType: "text/b",
			ResponseContentDisposition: "attachment",
			ResponseCacheControl: "no-store",
		}),
	);
	await bytesOf(got.Body);
	t.strictSame(
		[got.ContentType, got.ContentDisposition, got.CacheControl, got.TagCount],
		["text/b", "attachment", "no-store", 1],
	);
	const path = async (command: GetObjectCommand | PutObjectCommand) => {
		const url = new URL(await getSignedUrl(client, command, { expiresIn: 60 }));
		return url.pathname + url.search;
	};
	const { endpoint } = sealed.gateway;
	const down = await attempt(endpoint, await path(new GetObjectCommand(at)));
	t.ok(down.body.equals(content));
	const partial = await attempt(
		endpoint,
		await path(new GetObjectCommand(at)),
		{ headers: { range: "bytes=1-4" } },
	);
	t.strictSame(
		[partial.status, partial.body.equals(content.subarray(1, 5))],
		[206, true],
	);
	const up = new PutObjectCommand({ Bucket: bucket, Key: "up", Body: "hello" });
	const put = await attempt(endpoint, await path(up), {
		method: "PUT",
		headers: { "content-length": "5" },
		body: "hello",
	});
	t.equal(put.status, 200);
	const back = await client.send(
		new GetObjectCommand({ Bucket: bucket, Key: "up" }),
	);
	t.equal((await bytesOf(back.Body)).toString(), "hello");
	const TagSet = [{ Key: "c", Value: "d" }];
	await client.send(
		new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }),
	);
	t.strictSame(
		(await client.send(new GetObjectTaggingCommand(at))).TagSet,
		TagSet,
	);
	t.ok((await client.send(new GetObjectAclCommand(at))).Grants);
});

t.test(
	"a checksum is answered for the plaintext where it is known, and none otherwise",
	async (t) => {
		const sealed = await startSealed(t);
		const { client, store, bucket } = sealed;
		const at = { Bucket: bucket, Key: "k" };
		await client.send(
			new PutObjectCommand({ ...at, Body: "hello", ChecksumCRC32: "NhCmhg==" }),
		);
		const asked = { ...at, ChecksumMode: "ENABLED" } as const;
		const head = await client.send(new HeadObjectCommand(asked));
		t.strictSame(
			[head.ChecksumCRC32, head.ChecksumType],
			["NhCmhg==", "FULL_OBJECT"],
		);
		const got = await client.send(new GetObjectCommand(asked));
		t.equal((await bytesOf(got.Body)).toString(), "hello");
		t.equal(got.ChecksumCRC32, "NhCmhg==");
		const silent = await client.send(new HeadObjectCommand(at));
		t.equal(silent.ChecksumCRC32, undefined);
		const kept = await store.send(new HeadObjectCommand(asked));
		t.notSame(
			kept.ChecksumCRC32,
			"NhCmhg==",
			"the store has that of the ciphertext",
		);
		await uploadParts(sealed, "k", [sample(1_000)]);
		const parts = await client.send(new HeadObjectCommand(asked));
		t.strictSame(
			Object.keys(parts).filter((name) => /^Checksum/.test(name)),
			[],
		);
	},
);
