import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	DeleteObjectsCommand,
	GetBucketVersioningCommand,
	GetObjectLegalHoldCommand,
	GetObjectLockConfigurationCommand,
	GetObjectRetentionCommand,
	HeadObjectCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
	type PutObjectCommandInput,
	PutObjectLegalHoldCommand,
	PutObjectLockConfigurationCommand,
	PutObjectRetentionCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startEmbeddedStore } from "../support/embedded-store.ts";

const Bucket = "locked";
const Key = "a";
const hour = 60 * 60 * 1_000;
const inHours = (hours: number) => new Date(Date.now() + hours * hour);
const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };
const unlocked = { name: "NoSuchObjectLockConfiguration" };

type Test = Parameters<typeof startEmbeddedStore>[0];

async function startLocked(t: Test) {
	const started = await startEmbeddedStore(t);
	const { s3 } = started;
	await s3.send(
		new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }),
	);
	return {
		...started,
		put: async (more: Partial<PutObjectCommandInput> = {}) =>
			(
				await s3.send(
					new PutObjectCommand({ Bucket, Key, Body: "body", ...more }),
				)
			).VersionId,
		remove: (VersionId?: string, BypassGovernanceRetention?: boolean) =>
			s3.send(
				new DeleteObjectCommand({
					Bucket,
					Key,
					VersionId,
					BypassGovernanceRetention,
				}),
			),
		head: (key = Key) => s3.send(new HeadObjectCommand({ Bucket, Key: key })),
		hold: (Status: "ON" | "OFF", VersionId?: string) =>
			s3.send(
				new PutObjectLegalHoldCommand({
					Bucket,
					Key,
					VersionId,
					LegalHold: { Status },
				}),
			),
		retain: (
			Mode: "GOVERNANCE" | "COMPLIANCE",
			RetainUntilDate: Date,
			BypassGovernanceRetention?: boolean,
		) =>
			s3.send(
				new PutObjectRetentionCommand({
					Bucket,
					Key,
					Retention: { Mode, RetainUntilDate },
					BypassGovernanceRetention,
				}),
			),
	};
}

t.test("a bucket made with object lock keeps versions for good", async (t) => {
	const { s3 } = await startLocked(t);
	const { ObjectLockConfiguration } = await s3.send(
		new GetObjectLockConfigurationCommand({ Bucket }),
	);
	t.strictSame(ObjectLockConfiguration, { ObjectLockEnabled: "Enabled" });
	const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
	t.equal(Status, "Enabled");
	const suspend = new PutBucketVersioningCommand({
		Bucket,
		VersioningConfiguration: { Status: "Suspended" },
	});
	await t.rejects(s3.send(suspend), { name: "InvalidBucketState" });
});

t.test("a version under GOVERNANCE goes only with the bypass", async (t) => {
	const { put, remove, head } = await startLocked(t);
	const ObjectLockRetainUntilDate = inHours(1);
	const version = await put({
		ObjectLockMode: "GOVERNANCE",
		ObjectLockRetainUntilDate,
	});
	t.match(await head(), {
		ObjectLockMode: "GOVERNANCE",
		ObjectLockRetainUntilDate,
		ObjectLockLegalHoldStatus: undefined,
	});
	await t.rejects(remove(version), denied);
	const { DeleteMarker } = await remove();
	t.equal(DeleteMarker, true, "a marker removes nothing");
	await remove(version, true);
});

t.test("nothing passes over COMPLIANCE or a legal hold", async (t) => {
	const { s3, put, remove, hold, retain } = await startLocked(t);
	const held = await put({ ObjectLockLegalHoldStatus: "ON" });
	await t.rejects(remove(held, true), denied);
	await hold("OFF", held);
	await remove(held);
	const kept = await put();
	await retain("COMPLIANCE", inHours(1));
	await t.rejects(remove(kept, true), denied);
	await t.rejects(retain("COMPLIANCE", inHours(0.5), true), denied);
	await t.rejects(retain("GOVERNANCE", inHours(2), true), denied);
	await retain("COMPLIANCE", inHours(2));
	const { Errors } = await s3.send(
		new DeleteObjectsCommand({
			Bucket,
			Delete: { Objects: [{ Key, VersionId: kept }] },
			BypassGovernanceRetention: true,
		}),
	);
	t.match(Errors, [{ Key, VersionId: kept, Code: "AccessDenied" }]);
});

t.test("GOVERNANCE is shortened only with the bypass", async (t) => {
	const { s3, put, retain, head } = await startLocked(t);
	await put();
	const get = new GetObjectRetentionCommand({ Bucket, Key });
	await t.rejects(s3.send(get), unlocked);
	await t.rejects(
		s3.send(new GetObjectLegalHoldCommand({ Bucket, Key })),
		unlocked,
	);
	const late = inHours(2);
	await retain("GOVERNANCE", late);
	const { Retention } = await s3.send(get);
	t.strictSame(Retention, { Mode: "GOVERNANCE", RetainUntilDate: late });
	await t.rejects(retain("GOVERNANCE", inHours(1)), denied);
	await retain("GOVERNANCE", inHours(1), true);
	await s3.send(
		new PutObjectRetentionCommand({
			Bucket,
			Key,
			Retention: {},
			BypassGovernanceRetention: true,
		}),
	);
	t.equal((await head()).ObjectLockMode, undefined, "taken away");
});

t.test("locks of uploads and copies are their own", async (t) => {
	const { s3, put, head } = await startLocked(t);
	const lock = {
		ObjectLockMode: "GOVERNANCE",
		ObjectLockRetainUntilDate: inHours(1),
		ObjectLockLegalHoldStatus: "ON",
	} as const;
	const { UploadId } = await s3.send(
		new CreateMultipartUploadCommand({ Bucket, Key: "parts", ...lock }),
	);
	const at = { Bucket, Key: "parts", UploadId };
	const { ETag } = await s3.send(
		new UploadPartCommand({ ...at, PartNumber: 1, Body: "part" }),
	);
	const Parts = [{ PartNumber: 1, ETag }];
	await s3.send(
		new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }),
	);
	t.match(await head("parts"), lock);
	await put(lock);
	const copy = (more = {}) =>
		s3.send(
			new CopyObjectCommand({
				Bucket,
				Key: "copy",
				CopySource: `${Bucket}/${Key}`,
				...more,
			}),
		);
	await copy();
	t.equal((await head("copy")).ObjectLockMode, undefined, "not its source's");
	await copy(lock);
	t.match(await head("copy"), lock);
});

t.test("a bucket's own retention holds what asks for none", async (t) => {
	const { s3, put, head, remove } = await startLocked(t);
	const configure = (DefaultRetention: object) =>
		s3.send(
			new PutObjectLockConfigurationCommand({
				Bucket,
				ObjectLockConfiguration: {
					ObjectLockEnabled: "Enabled",
					Rule: { DefaultRetention },
				},
			}),
		);
	const malformed = { name: "MalformedXML" };
	await t.rejects(configure({ Mode: "GOVERNANCE" }), malformed);
	await t.rejects(
		configure({ Mode: "GOVERNANCE", Days: 1, Years: 1 }),
		malformed,
	);
	await configure({ Mode: "GOVERNANCE", Days: 3 });
	const before = inHours(72);
	const version = await put();
	const { ObjectLockMode, ObjectLockRetainUntilDate } = await head();
	t.equal(ObjectLockMode, "GOVERNANCE");
	t.ok(Number(ObjectLockRetainUntilDate) >= before.getTime());
	t.ok(Number(ObjectLockRetainUntilDate) <= inHours(72).getTime());
	await t.rejects(remove(version), denied);
});

t.test("locks that S3 refuses", async (t) => {
	const { s3, put, hold, restart } = await startLocked(t);
	const wrong = (message: RegExp) => ({ name: "InvalidArgument", message });
	await t.rejects(put({ ObjectLockMode: "GOVERNANCE" }), wrong(/both/));
	const ObjectLockRetainUntilDate = inHours(-1);
	const past = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate };
	await t.rejects(put(past as never), wrong(/in the future/));
	await t.rejects(
		put({
			ObjectLockMode: "FOREVER" as never,
			ObjectLockRetainUntilDate: inHours(1),
		}),
		wrong(/wormMode/),
	);
	await put();
	await t.rejects(hold("PERHAPS" as never), wrong(/'ON' or 'OFF'/));
	const configuration = new PutObjectLockConfigurationCommand({
		Bucket: "bucket",
		ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" },
	});
	await t.rejects(s3.send(configuration), { name: "InvalidBucketState" });
	await hold("ON");
	const again = await restart();
	const { ObjectLockLegalHoldStatus } = await again.send(
		new HeadObjectCommand({ Bucket, Key }),
	);
	t.equal(ObjectLockLegalHoldStatus, "ON", "a restart loses no lock");
});
