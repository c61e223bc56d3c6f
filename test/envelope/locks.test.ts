import {
	CreateBucketCommand,
	DeleteObjectCommand,
	GetObjectCommand,
	GetObjectLegalHoldCommand,
	GetObjectRetentionCommand,
	HeadObjectCommand,
	PutObjectCommand,
	PutObjectLegalHoldCommand,
	PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startSealed } from "./setup.ts";

const Bucket = "locked";
const Key = "kept";

t.test("locks of an encrypted object stand on the store's", async (t) => {
	const { client, store } = await startSealed(t);
	await client.send(
		new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }),
	);
	const lock = {
		ObjectLockMode: "GOVERNANCE",
		ObjectLockRetainUntilDate: new Date(Date.now() + 3_600_000),
		ObjectLockLegalHoldStatus: "ON",
	} as const;
	const Body = "what only the client can read";
	const { VersionId } = await client.send(
		new PutObjectCommand({ Bucket, Key, Body, ...lock }),
	);
	const got = await client.send(new GetObjectCommand({ Bucket, Key }));
	t.equal(await got.Body?.transformToString(), Body);
	t.match(got, lock);
	const stored = await store.send(new GetObjectCommand({ Bucket, Key }));
	t.notMatch(await stored.Body?.transformToString(), Body);
	t.match(stored, lock, "the store holds the very same");
	const at = { Bucket, Key, VersionId };
	const remove = (more = {}) =>
		client.send(new DeleteObjectCommand({ ...at, ...more }));
	const denied = { name: "AccessDenied" };
	await t.rejects(remove({ BypassGovernanceRetention: true }), denied);
	await client.send(
		new PutObjectLegalHoldCommand({ ...at, LegalHold: { Status: "OFF" } }),
	);
	const { LegalHold } = await client.send(new GetObjectLegalHoldCommand(at));
	t.strictSame(LegalHold, { Status: "OFF" });
	const later = new Date(Date.now() + 7_200_000);
	await client.send(
		new PutObjectRetentionCommand({
			...at,
			Retention: { Mode: "GOVERNANCE", RetainUntilDate: later },
		}),
	);
	const { Retention } = await client.send(new GetObjectRetentionCommand(at));
	t.strictSame(Retention, { Mode: "GOVERNANCE", RetainUntilDate: later });
	await t.rejects(remove(), denied);
	await remove({ BypassGovernanceRetention: true });
	await t.rejects(client.send(new HeadObjectCommand(at)), { name: "NotFound" });
});
