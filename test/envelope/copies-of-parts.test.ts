/** Copies of objects that came in parts: what travels with them, what they are refused for, and what they leave behind. */
import {
	CopyObjectCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	PutBucketVersioningCommand,
	PutObjectTaggingCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startBesieged } from "./besieged.ts";
import { bytesOf, sample } from "./content.ts";
import { uploadParts } from "./upload-parts.ts";

const least = 5 * 1024 ** 2;
const parts = [sample(least + 3, 1), sample(least, 2)];

t.test("a copy of an object of parts", async (t) => {
	const besieged = await startBesieged(t);
	const { client, store, bucket, hostile } = besieged;
	await client.send(
		new PutBucketVersioningCommand({
			Bucket: bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	await uploadParts(besieged, "a", parts);
	const at = { Bucket: bucket, Key: "a" };
	const TagSet = [{ Key: "a b", Value: "c&d" }];
	await client.send(
		new PutObjectTaggingCommand({ ...at, Tagging: { TagSet } }),
	);
	const source = await client.send(new HeadObjectCommand(at));
	const copy = (Key: string, more = {}) =>
		client.send(
			new CopyObjectCommand({
				Bucket: bucket,
				Key,
				CopySource: `${bucket}/a`,
				...more,
			}),
		);

	await t.test(
		"keeps tags, parts and content, and names its source's version",
		async (t) => {
			const made = await copy("b");
			t.equal(made.CopySourceVersionId, source.VersionId);
			const b = { Bucket: bucket, Key: "b" };
			const got = await client.send(new GetObjectCommand(b));
			t.ok((await bytesOf(got.Body)).equals(Buffer.concat(parts)));
			t.strictSame(
				[got.ETag, got.VersionId],
				[made.CopyObjectResult?.ETag, made.VersionId],
			);
			const second = await client.send(
				new HeadObjectCommand({ ...b, PartNumber: 2 }),
			);
			t.strictSame([second.PartsCount, second.ContentLength], [2, least]);
			t.strictSame(
				(await client.send(new GetObjectTaggingCommand(b))).TagSet,
				TagSet,
			);
			await copy("c", { TaggingDirective: "REPLACE", Tagging: "own=1" });
			const c = await client.send(
				new GetObjectTaggingCommand({ ...b, Key: "c" }),
			);
			t.strictSame(c.TagSet, [{ Key: "own", Value: "1" }]);
		},
	);

	await t.test(
		"is of the version that was looked at, whatever came since",
		async (t) => {
			await uploadParts(besieged, "a", [sample(least, 7), sample(9, 8)]);
			await client.send(
				new CopyObjectCommand({
					Bucket: bucket,
					Key: "old",
					CopySource: `${bucket}/a?versionId=${source.VersionId}`,
				}),
			);
			const old = await client.send(
				new GetObjectCommand({ Bucket: bucket, Key: "old" }),
			);
			t.ok((await bytesOf(old.Body)).equals(Buffer.concat(parts)));
		},
	);

	await t.test(
		"is held to the conditions of its destination, and leaves no upload behind",
		async (t) => {
			const failed = { name: "PreconditionFailed" };
			await t.rejects(copy("b", { IfNoneMatch: "*" }), failed);
			await t.rejects(copy("b", { IfMatch: '"other"' }), failed);
			hostile.alter = ({ query, headers }, told) => {
				if (query.get("partNumber") !== "2" || !headers["x-amz-copy-source"])
					return told;
				const body = Buffer.from(
					"<Error><Code>AccessDenied</Code><Message>No</Message></Error>",
				);
				return {
					status: 403,
					headers: { "content-length": String(body.length) },
					body,
				};
			};
			await t.rejects(
				copy("d"),
				{ name: "AccessDenied" },
				"the store's own refusal",
			);
			hostile.alter = (_asked, told) => told;
			const { Uploads } = await store.send(
				new ListMultipartUploadsCommand({ Bucket: bucket }),
			);
			t.strictSame(Uploads ?? [], []);
		},
	);
});
