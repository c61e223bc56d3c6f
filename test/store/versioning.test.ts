import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	DeleteBucketCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	DeleteObjectTaggingCommand,
	GetBucketVersioningCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	ListObjectVersionsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
	PutObjectTaggingCommand,
	type S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startEmbeddedStore } from "../support/embedded-store.ts";

const Key = "a";

function operationsOf(s3: S3Client) {
	return {
		switchTo: (Status: "Enabled" | "Suspended") =>
			s3.send(
				new PutBucketVersioningCommand({
					Bucket,
					VersioningConfiguration: { Status },
				}),
			),
		put: async (Body: string, more = {}) =>
			(await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more })))
				.VersionId,
		get: async (VersionId?: string) => {
			const got = await s3.send(
				new GetObjectCommand({ Bucket, Key, VersionId }),
			);
			return [await got.Body?.transformToString(), got.VersionId];
		},
		remove: (VersionId?: string, more = {}) =>
			s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, ...more })),
		versions: async (more = {}) => {
			const listed = await s3.send(
				new ListObjectVersionsCommand({ Bucket, ...more }),
			);
			return [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])].map(
				({ Key, VersionId, IsLatest }) => [Key, VersionId, IsLatest],
			);
		},
	};
}

t.test("each write of a key makes a version, and each is read", async (t) => {
	const { s3, restart } = await startEmbeddedStore(t);
	const { switchTo, put, get, versions } = operationsOf(s3);
	t.equal(await put("before"), undefined);
	t.strictSame(await get(), ["before", undefined]);
	await switchTo("Enabled");
	t.strictSame(await get(), ["before", "null"]);
	const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
	t.equal(Status, "Enabled");
	const first = await put("first");
	const second = await put("second");
	t.match(first, /^[0-9a-f]{32}$/);
	t.strictSame(await get(), ["second", second]);
	t.strictSame(await get(first), ["first", first]);
	t.strictSame(await get("null"), ["before", "null"]);
	t.strictSame(await versions(), [
		[Key, second, true],
		[Key, first, false],
		[Key, "null", false],
	]);
	const copied = await s3.send(
		new CopyObjectCommand({
			Bucket,
			Key,
			CopySource: `${Bucket}/${Key}?versionId=${first}`,
		}),
	);
	t.equal(copied.CopySourceVersionId, first);
	t.strictSame(await get(), ["first", copied.VersionId]);

	const again = operationsOf(await restart());
	t.strictSame(await again.get(second), ["second", second]);
	t.equal((await again.versions()).length, 4, "a restart loses none");
});

t.test("an upload in parts makes a version as well", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo, put, get } = operationsOf(s3);
	await switchTo("Enabled");
	await put("first");
	const { UploadId } = await s3.send(
		new CreateMultipartUploadCommand({ Bucket, Key }),
	);
	const part = { PartNumber: 1, Body: "in parts" };
	const { ETag } = await s3.send(
		new UploadPartCommand({ Bucket, Key, UploadId, ...part }),
	);
	const { VersionId } = await s3.send(
		new CompleteMultipartUploadCommand({
			Bucket,
			Key,
			UploadId,
			MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] },
		}),
	);
	t.strictSame(await get(), ["in parts", VersionId]);
});

t.test("a delete hides the object, and says by which marker", async (t) => {
	const { s3, directory } = await startEmbeddedStore(t);
	const { switchTo, put, get, remove, versions } = operationsOf(s3);
	await switchTo("Enabled");
	const first = await put("first");
	const marked = await remove();
	const marker = marked.VersionId as string;
	t.equal(marked.DeleteMarker, true);
	t.match(marker, /^[0-9a-f]{32}$/);

	const markerHeaders = {
		"x-amz-delete-marker": "true",
		"x-amz-version-id": marker,
	};
	const seen = (error: unknown) =>
		(error as { $response: { statusCode: number; headers: object } }).$response;
	await t.rejects(get(), { name: "NoSuchKey", Key });
	const current = seen(await get().catch((error) => error));
	t.match(current, { statusCode: 404, headers: markerHeaders });
	await t.rejects(get(marker), {
		name: "MethodNotAllowed",
		Method: "GET",
		ResourceType: "DeleteMarker",
	});
	const named = seen(await get(marker).catch((error) => error));
	t.match(named, {
		statusCode: 405,
		headers: { ...markerHeaders, allow: "DELETE", "last-modified": /GMT$/ },
	});
	const head = (VersionId?: string) =>
		s3.send(new HeadObjectCommand({ Bucket, Key, VersionId }));
	t.match(seen(await head().catch((error) => error)), {
		statusCode: 404,
		headers: markerHeaders,
	});
	t.match(seen(await head(marker).catch((error) => error)), {
		statusCode: 405,
		headers: markerHeaders,
	});
	const source = (id = "") =>
		s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "b",
				CopySource: `${Bucket}/${Key}${id}`,
			}),
		);
	await t.rejects(source(), { name: "NoSuchKey" });
	await t.rejects(source(`?versionId=${marker}`), {
		name: "InvalidRequest",
		message:
			"The source of a copy request may not specifically refer to a delete marker by version id.",
	});
	const { KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }));
	t.equal(KeyCount, 0);
	t.strictSame(await get(first), ["first", first]);
	await put("unless it is there", { IfNoneMatch: "*" });
	await t.rejects(put("", { IfNoneMatch: "*" }), {
		name: "PreconditionFailed",
	});
	await t.rejects(s3.send(new DeleteBucketCommand({ Bucket })), {
		name: "BucketNotEmpty",
		message:
			"The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
	});

	const unmarked = await remove(marker);
	t.match(unmarked, { DeleteMarker: true, VersionId: marker });
	for (const [, id] of await versions()) {
		const removed = await remove(id as string);
		t.equal(removed.VersionId, id);
		t.equal(removed.DeleteMarker, undefined);
	}
	t.strictSame(readdirSync(join(directory, "buckets", Bucket, "data")), []);
	t.strictSame(readdirSync(join(directory, "buckets", Bucket, "objects")), []);
	await s3.send(new DeleteBucketCommand({ Bucket }));
});

t.test("suspended, a write replaces the null version alone", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo, put, get, remove, versions } = operationsOf(s3);
	await switchTo("Enabled");
	const first = await put("first");
	await switchTo("Suspended");
	t.equal(await put("second"), undefined);
	await put("third");
	t.strictSame(await get(), ["third", "null"]);
	t.strictSame(await versions(), [
		[Key, "null", true],
		[Key, first, false],
	]);
	t.match(await remove(), { DeleteMarker: true, VersionId: "null" });
	t.strictSame(
		(await versions()).sort(),
		[
			[Key, "null", true],
			[Key, first, false],
		].sort(),
	);
	await t.rejects(get("null"), { name: "MethodNotAllowed" });
	await remove("null");
	t.strictSame(await get(), ["first", first]);
});

t.test("ids that are none, and versions that are not there", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo, put, get, remove } = operationsOf(s3);
	await put("x");
	await t.rejects(get("no-id"), {
		name: "InvalidArgument",
		message: "Invalid version id specified",
		ArgumentName: "versionId",
		ArgumentValue: "no-id",
	});
	const absent = "0".repeat(32);
	await switchTo("Enabled");
	await t.rejects(get(absent), {
		name: "NoSuchVersion",
		Key,
		VersionId: absent,
	});
	await remove(absent);
	await t.rejects(remove("no-id"), { name: "InvalidArgument" });
	t.strictSame(await get(), ["x", "null"]);
	const wrong = (VersioningConfiguration: object) =>
		s3.send(
			new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }),
		);
	await t.rejects(wrong({}), {
		name: "IllegalVersioningConfigurationException",
	});
	await t.rejects(wrong({ Status: "On" }), { name: "MalformedXML" });
});

t.test("each version has tags of its own", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo, put, remove } = operationsOf(s3);
	await switchTo("Enabled");
	const first = await put("first", { Tagging: "v=1" });
	const second = await put("second", { Tagging: "v=2" });
	const tags = async (VersionId?: string) => {
		const got = await s3.send(
			new GetObjectTaggingCommand({ Bucket, Key, VersionId }),
		);
		return [got.TagSet?.map(({ Value }) => Value).join(), got.VersionId];
	};
	const set = (VersionId?: string) =>
		s3.send(
			new PutObjectTaggingCommand({
				Bucket,
				Key,
				VersionId,
				Tagging: { TagSet: [{ Key: "v", Value: "3" }] },
			}),
		);
	t.equal((await set(first)).VersionId, first);
	t.strictSame(await tags(first), ["3", first]);
	t.strictSame(await tags(), ["2", second]);
	await s3.send(
		new DeleteObjectTaggingCommand({ Bucket, Key, VersionId: first }),
	);
	t.strictSame(await tags(first), ["", first]);
	await remove();
	await t.rejects(tags(), { name: "NoSuchKey" });
	await t.rejects(set(), { name: "MethodNotAllowed" });
});

t.test("many are deleted at once, with and without versions", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo, put, versions } = operationsOf(s3);
	await switchTo("Enabled");
	const first = await put("first");
	await put("second");
	const remove = (
		Objects: { Key: string; VersionId?: string; ETag?: string }[],
	) => s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
	const { Deleted = [] } = await remove([{ Key }]);
	const marker = Deleted[0]?.DeleteMarkerVersionId as string;
	t.match(Deleted, [{ Key, DeleteMarker: true }]);
	const answer = await remove([
		{ Key, VersionId: first as string },
		{ Key, VersionId: marker },
		{ Key, VersionId: "no-id" },
		{ Key, ETag: '"other"' },
	]);
	t.strictSame(answer.Deleted, [
		{ Key, VersionId: first },
		{
			Key,
			VersionId: marker,
			DeleteMarker: true,
			DeleteMarkerVersionId: marker,
		},
	]);
	t.match(answer.Errors, [
		{ Key, VersionId: "no-id", Code: "InvalidArgument" },
		{ Key, Code: "PreconditionFailed" },
	]);
	t.equal((await versions()).length, 1);
	await t.rejects(remove([]), { name: "MalformedXML" });
});

t.test("versions are listed in pages, encoded where asked", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { switchTo } = operationsOf(s3);
	await switchTo("Enabled");
	for (const key of ["a", "a", "p/1", "p/2", "ü b", "a", "ü b"]) {
		await s3.send(new PutObjectCommand({ Bucket, Key: key, Body: key }));
	}
	await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
	const list = (more = {}) =>
		s3.send(new ListObjectVersionsCommand({ Bucket, ...more }));
	const whole = await list({ Delimiter: "/" });
	t.strictSame(whole.CommonPrefixes, [{ Prefix: "p/" }]);
	const ids = new Set<string | undefined>();
	let markers: { KeyMarker?: string; VersionIdMarker?: string } = {};
	let pages = 0;
	for (;;) {
		const page = await list({ Delimiter: "/", MaxKeys: 2, ...markers });
		pages += 1;
		for (const { VersionId } of [
			...(page.Versions ?? []),
			...(page.DeleteMarkers ?? []),
		]) {
			t.notOk(ids.has(VersionId), "once each");
			ids.add(VersionId);
		}
		if (!page.IsTruncated) break;
		markers = {
			...(page.NextKeyMarker && { KeyMarker: page.NextKeyMarker }),
			...(page.NextVersionIdMarker && {
				VersionIdMarker: page.NextVersionIdMarker,
			}),
		};
	}
	t.equal(ids.size, 6);
	t.equal(pages, 4);
	const encoded = await list({ Prefix: "ü", EncodingType: "url" });
	t.equal(encoded.Versions?.[0]?.Key, "%C3%BC+b");
	t.equal(encoded.Prefix, "%C3%BC");
	await t.rejects(list({ VersionIdMarker: "null" }), {
		message: "A version-id marker cannot be specified without a key marker.",
	});
	await t.rejects(list({ EncodingType: "rot13" }), {
		message: "Invalid Encoding Method specified in Request",
	});
});

t.test("of writers that want to be the first, one alone is", async (t) => {
	const { s3 } = await startEmbeddedStore(t);
	const { put, get } = operationsOf(s3);
	const bodies = Array.from({ length: 8 }, (_, n) => `writer ${n}`);
	const outcomes = await Promise.allSettled(
		bodies.map((body) => put(body, { IfNoneMatch: "*" })),
	);
	const won = outcomes.findIndex(({ status }) => status === "fulfilled");
	t.equal(outcomes.filter((o) => o.status === "fulfilled").length, 1);
	t.equal((await get())[0], bodies[won]);
});
