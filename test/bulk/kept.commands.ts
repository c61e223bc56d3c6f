/** What a run does not touch, what it records, and who may run it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
	CreateBucketCommand,
	HeadObjectCommand,
	PutObjectCommand,
	PutObjectLegalHoldCommand,
	PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { auditEntries, auditSetting } from "../support/audit.ts";
import { Bucket, startWorld, type World } from "./setup.ts";

const put = ({ client }: World, Key: string, Body: string, more = {}) =>
	client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

t.test(
	"archived and locked objects are listed, and stay as they are",
	async (t) => {
		const world = await startWorld(t);
		const locked = "photos-locked";
		await world.store.send(
			new CreateBucketCommand({
				Bucket: locked,
				ObjectLockEnabledForBucket: true,
			}),
		);
		const write = (Key: string, more = {}) =>
			world.client.send(
				new PutObjectCommand({ Bucket: locked, Key, Body: "kept", ...more }),
			);
		await write("free");
		await write("archived", { StorageClass: "GLACIER" });
		await write("held");
		await world.store.send(
			new PutObjectLegalHoldCommand({
				Bucket: locked,
				Key: "held",
				LegalHold: { Status: "ON" },
			}),
		);
		await write("retained");
		await world.store.send(
			new PutObjectRetentionCommand({
				Bucket: locked,
				Key: "retained",
				Retention: {
					Mode: "GOVERNANCE",
					RetainUntilDate: new Date(Date.now() + 3_600_000),
				},
			}),
		);
		await write("cold", { StorageClass: "STANDARD_IA" });
		await world.rotate("alias/photos");
		const { status, output } = await world.command(
			...["rewrap", `s3://${locked}`, "--to", "alias/photos", "--json"],
		);
		t.equal(status, 1);
		const { left, counts } = JSON.parse(output);
		t.match(left, [
			{ key: "archived", reason: "archived (GLACIER)" },
			{ key: "held", reason: "locked (legal hold)" },
			{ key: "retained", reason: /^locked \(GOVERNANCE until / },
		]);
		t.match(counts, [
			{ outcome: "left", objects: 3 },
			{ outcome: "re-sealed", objects: 2 },
		]);
		const { StorageClass } = await world.store.send(
			new HeadObjectCommand({ Bucket: locked, Key: "cold" }),
		);
		t.equal(StorageClass, "STANDARD_IA", "the storage class survives");
	},
);

t.test("each object stands in an audit log of the run's own", async (t) => {
	const world = await startWorld(t, { extra: auditSetting("audit", true) });
	await put(world, "a", "one");
	await world.rotate("alias/photos");
	const { status, stderr } = await world.command(
		...["rewrap", `s3://${Bucket}`, "--to", "alias/photos"],
	);
	t.equal(status, 0, stderr);
	const log = join(world.folder, "audit", "bulk-0");
	t.ok(existsSync(log), readdirSync(world.folder).join());
	const [record, ...more] = await auditEntries(log, "request.end");
	t.strictSame(more, []);
	t.match(record, {
		operation: "CopyObject",
		bucket: Bucket,
		key: "a",
		client: /^sealgate rewrap by ./,
		outcome: "success",
		keyUses: [{ use: "open" }, { use: "seal" }],
	});
});

t.test("a key's policy holds for runs too", async (t) => {
	const world = await startWorld(t);
	await put(world, "a", "one");
	await world.rotate("alias/photos");
	writeFileSync(
		world.config,
		readFileSync(world.config, "utf8").replace(
			"path: keyring.json,",
			"path: keyring.json, policy: [{ key: alias/photos, encrypt: { clients: [app] }, decrypt: { clients: [app] } }],",
		),
	);
	const args = ["rewrap", `s3://${Bucket}`, "--to", "alias/photos", "--json"];
	const denied = await world.command(...args);
	t.equal(denied.status, 1);
	t.match(denied.output, /key-denied/);
	const allowed = await world.command(...args, "--client", "app");
	t.equal(allowed.status, 0, allowed.output);
	t.match(await world.recordOf("a"), { version: 2 });
});
