/** Versions of objects on an envelope route, through a real gateway to the embedded store. */
import {
	DeleteObjectCommand,
	DeleteObjectsCommand,
	GetObjectAttributesCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectVersionsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { bytesOf, sample } from "./content.ts";
import { startSealed } from "./setup.ts";
import { uploadParts } from "./upload-parts.ts";

t.test("each version opens by its id", async (t) => {
	const sealed = await startSealed(t);
	const { client, bucket } = sealed;
	const at = { Bucket: bucket, Key: "k" };
	await client.send(
		new PutBucketVersioningCommand({
			Bucket: bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	const first = sample(70_000, 1);
	const parts = [sample(5 * 1024 ** 2, 2), sample(900, 3)];
	const third = sample(10, 4);
	const one = await client.send(new PutObjectCommand({ ...at, Body: first }));
	await uploadParts(sealed, "k", parts);
	const two = await client.send(new HeadObjectCommand(at));
	const three = await client.send(new PutObjectCommand({ ...at, Body: third }));
	const written = [
		[one.VersionId, one.ETag, first],
		[two.VersionId, two.ETag, Buffer.concat(parts)],
		[three.VersionId, three.ETag, third],
	] as const;
	for (const [VersionId, etag, content] of written) {
		const named = { ...at, VersionId };
		const got = await client.send(new GetObjectCommand(named));
		t.ok((await bytesOf(got.Body)).equals(content));
		t.strictSame([got.ETag, got.VersionId], [etag, VersionId]);
		const range = await client.send(
			new GetObjectCommand({ ...named, Range: "bytes=-5" }),
		);
		t.ok((await bytesOf(range.Body)).equals(content.subarray(-5)));
		const head = await client.send(new HeadObjectCommand(named));
		t.equal(head.ContentLength, content.length);
		const told = await client.send(
			new GetObjectAttributesCommand({
				...named,
				ObjectAttributes: ["ETag", "ObjectSize", "ObjectParts", "StorageClass"],
			}),
		);
		t.match(told, {
			ETag: etag?.replaceAll('"', ""),
			ObjectSize: content.length,
			StorageClass: "STANDARD",
			VersionId,
		});
		t.equal(
			told.ObjectParts?.TotalPartsCount,
			etag === two.ETag ? 2 : undefined,
		);
	}
	const list = await client.send(
		new ListObjectVersionsCommand({ Bucket: bucket }),
	);
	t.strictSame(
		list.Versions?.map(({ VersionId, ETag, Size }) => [VersionId, ETag, Size]),
		written.map(([id, etag, { length }]) => [id, etag, length]).reverse(),
	);
	await client.send(
		new DeleteObjectCommand({ ...at, VersionId: one.VersionId }),
	);
	const gone = new GetObjectCommand({ ...at, VersionId: one.VersionId });
	await t.rejects(client.send(gone), { name: "NoSuchVersion" });
	await client.send(new DeleteObjectCommand(at));
	await t.rejects(client.send(new GetObjectCommand(at)), { name: "NoSuchKey" });
	await t.rejects(client.send(new HeadObjectCommand(at)), { name: "NotFound" });
	const still = await client.send(
		new GetObjectCommand({ ...at, VersionId: two.VersionId }),
	);
	t.ok((await bytesOf(still.Body)).equals(Buffer.concat(parts)));
});

t.test(
	"a deletion of many may name ETags as the client knows them",
	async (t) => {
		const { client, bucket } = await startSealed(t);
		const etags: (string | undefined)[] = [];
		for (const Key of ["a", "b"]) {
			const put = new PutObjectCommand({ Bucket: bucket, Key, Body: Key });
			etags.push((await client.send(put)).ETag);
		}
		const answer = await client.send(
			new DeleteObjectsCommand({
				Bucket: bucket,
				Delete: {
					Objects: [
						{ Key: "a", ETag: etags[0] },
						{ Key: "b", ETag: etags[0] },
					],
				},
			}),
		);
		t.match(answer.Deleted, [{ Key: "a" }]);
		t.match(answer.Errors, [{ Key: "b", Code: "PreconditionFailed" }]);
		const sized = await client.send(
			new DeleteObjectsCommand({
				Bucket: bucket,
				Delete: { Objects: [{ Key: "b", Size: 1 }] },
			}),
		);
		t.match(sized.Errors, [{ Key: "b", Code: "NotImplemented" }]);
	},
);
