/** `sealgate rewrap` in a process: what it seals anew, what it keeps, and what it leaves. */
import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectAclCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutBucketVersioningCommand,
	PutObjectAclCommand,
	PutObjectCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { Bucket, startWorld, type World } from "./setup.ts";

const put = (s3: World["store"], Key: string, Body: string, more = {}) =>
	s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

async function putParts({ client }: World, Key: string, bodies: string[]) {
	const at = { Bucket, Key };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const Parts = [];
	for (const [index, Body] of bodies.entries()) {
		const PartNumber = index + 1;
		const { ETag } = await client.send(
			new UploadPartCommand({ ...at, UploadId, PartNumber, Body }),
		);
		Parts.push({ PartNumber, ETag });
	}
	const MultipartUpload = { Parts };
	await client.send(
		new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }),
	);
}

const outcomes = (output: string): Record<string, number> =>
	Object.fromEntries(
		JSON.parse(output).counts.map(
			({ outcome, objects }: { outcome: string; objects: number }) => [
				outcome,
				objects,
			],
		),
	);

const keysOf = async ({ store }: World): Promise<string[]> => {
	const { Contents = [] } = await store.send(
		new ListObjectsV2Command({ Bucket }),
	);
	return Contents.map(({ Key = "" }) => Key);
};

const target = ["rewrap", `s3://${Bucket}/`, "--to", "alias/photos", "--json"];

t.test(
	"objects of an older key version are sealed anew, in place",
	async (t) => {
		const world = await startWorld(t, { options: ", bindMetadata: true" });
		await put(world.client, "a", "one", {
			ContentType: "text/x-own",
			Metadata: { mine: "yes", md5chksum: "sealed" },
			Tagging: "team=blue&year=2026",
			CacheControl: "no-cache",
		});
		await put(world.client, "empty", "");
		await put(world.store, "plain", "untouched");
		const first = "x".repeat(5 * 1024 ** 2);
		await putParts(world, "parts", [first, "second"]);
		await world.rotate("alias/photos");
		await put(world.client, "new", "already");
		t.match(await world.recordOf("a"), { version: 1 });
		const dry = await world.command(...target, "--dry-run");
		t.strictSame(outcomes(dry.output), {
			already: 1,
			"not encrypted": 1,
			"would be re-sealed": 3,
		});
		t.match(await world.recordOf("a"), { version: 1 }, "dry");
		const before = await keysOf(world);
		const { status, output, stderr } = await world.command(...target);
		t.equal(status, 0, `${output}${stderr}`);
		t.strictSame(outcomes(output), {
			already: 1,
			"not encrypted": 1,
			"re-sealed": 3,
		});
		for (const key of ["a", "empty", "parts", "new"])
			t.match(await world.recordOf(key), { version: 2 }, key);
		t.equal(await world.read("a"), "one");
		t.equal(await world.read("empty"), "");
		t.ok((await world.read("parts")) === `${first}second`, "the parts");
		t.strictSame(await keysOf(world), before, "no probe is left");
		const at = { Bucket, Key: "a" };
		const head = await world.client.send(new HeadObjectCommand(at));
		t.match(head, {
			ContentType: "text/x-own",
			CacheControl: "no-cache",
			Metadata: { mine: "yes", md5chksum: "sealed" },
		});
		const raw = await world.store.send(new HeadObjectCommand(at));
		t.notOk(raw.Metadata?.md5chksum, "sealed metadata stays sealed");
		const { TagSet } = await world.store.send(new GetObjectTaggingCommand(at));
		t.strictSame(TagSet, [
			{ Key: "team", Value: "blue" },
			{ Key: "year", Value: "2026" },
		]);
		const parts = await world.client.send(
			new HeadObjectCommand({ Bucket, Key: "parts", PartNumber: 1 }),
		);
		t.equal(parts.ContentLength, first.length, "the part layout is kept");
		const again = await world.command(...target);
		t.strictSame(outcomes(again.output), { already: 4, "not encrypted": 1 });
	},
);

t.test("a bucket moves to another key once its route opens it", async (t) => {
	const world = await startWorld(t, {
		options: ", decrypt: [alias/photos, alias/new]",
	});
	await put(world.client, "a", "one");
	const old = await world.recordOf("a");
	const { status, stderr } = await world.command(
		...["rewrap", `s3://${Bucket}`, "--to", "alias/new"],
	);
	t.equal(status, 0, stderr);
	const moved = await world.recordOf("a");
	t.not(moved?.keyId, old?.keyId);
	t.equal(await world.read("a"), "one");
});

t.test(
	"a key that the route does not open is refused before a request",
	async (t) => {
		const world = await startWorld(t);
		await put(world.client, "a", "one");
		const { status, output } = await world.command(
			...["rewrap", `s3://${Bucket}`, "--to", "alias/new", "--json"],
		);
		t.equal(status, 2);
		t.match(output, /does not open what is sealed under alias\/new/);
		t.equal(await world.read("a"), "one");
		const unknown = await world.command(
			...["rewrap", `s3://${Bucket}`, "--to", "alias/none"],
		);
		t.equal(unknown.status, 1);
	},
);

t.test("grants and older versions", async (t) => {
	const world = await startWorld(t);
	const at = { Bucket, Key: "a" };
	await world.store.send(
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	const { VersionId } = await put(world.client, "a", "older");
	await put(world.client, "a", "newer");
	await world.store.send(
		new PutObjectAclCommand({ ...at, ACL: "public-read" }),
	);
	await world.rotate("alias/photos");
	const { status, output } = await world.command(...target, "--versions");
	t.equal(status, 1, "an older version is left");
	t.match(JSON.parse(output).left, [
		{ key: "a", versionId: VersionId, reason: /older version under .* 1$/ },
	]);
	const { Grants = [] } = await world.store.send(new GetObjectAclCommand(at));
	t.strictSame(Grants.map(({ Permission }) => Permission).sort(), [
		"FULL_CONTROL",
		"READ",
	]);
	t.equal(await world.read("a"), "newer");
	const { Body } = await world.client.send(
		new GetObjectCommand({ ...at, VersionId }),
	);
	t.equal(await Body?.transformToString(), "older");
});
