/** A bucket with object lock: what a client writes of locks it reads again. */
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	DeleteObjectCommand,
	GetObjectCommand,
	GetObjectLegalHoldCommand,
	GetObjectRetentionCommand,
	HeadObjectCommand,
	PutObjectCommand,
	PutObjectLegalHoldCommand,
	PutObjectRetentionCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { Recorder, Side } from "./answers.ts";

/** The same for both sides, so that their answers can be compared. */
const day = new Date();
day.setUTCHours(0, 0, 0, 0);
const until = (days: number) => new Date(day.getTime() + days * 86_400_000);

const governed = {
	ObjectLockMode: "GOVERNANCE",
	ObjectLockRetainUntilDate: until(2),
} as const;
const held = { ...governed, ObjectLockLegalHoldStatus: "ON" } as const;

/** Every lock is taken away again: a bucket could not be emptied otherwise. */
export async function locks(record: Recorder, side: Side): Promise<void> {
	const Bucket = `${side.bucket}-locks`;
	const made = await record.ask(
		"bucket with locks",
		new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }),
	);
	if (made.name !== undefined) return;
	const at = { Bucket, Key: "locked" };
	const head = (step: string, Key: string) =>
		record.ask(step, new HeadObjectCommand({ Bucket, Key }));
	const { VersionId } = await record.ask(
		"put locked",
		new PutObjectCommand({ ...at, Body: "kept for long", ...held }),
	);
	await record.ask("get locked", new GetObjectCommand(at));
	await head("head locked", "locked");
	await record.ask("retention", new GetObjectRetentionCommand(at));
	await record.ask("legal hold", new GetObjectLegalHoldCommand(at));
	const version = { ...at, VersionId };
	await record.ask("delete what is held", new DeleteObjectCommand(version));
	await release(record, version, "locked");
	const longer = { Mode: "GOVERNANCE", RetainUntilDate: until(3) } as const;
	await record.ask(
		"retain for longer",
		new PutObjectRetentionCommand({ ...at, Retention: longer }),
	);
	await head("head retained for longer", "locked");
	await record.ask(
		"copy with a lock",
		new CopyObjectCommand({
			Bucket,
			Key: "locked-copy",
			CopySource: `${Bucket}/locked`,
			...held,
		}),
	);
	await head("head the locked copy", "locked-copy");
	await record.ask(
		"copy without a lock",
		new CopyObjectCommand({
			Bucket,
			Key: "free-copy",
			CopySource: `${Bucket}/locked`,
		}),
	);
	await head("head the free copy", "free-copy");
	await release(record, { Bucket, Key: "locked-copy" }, "the locked copy");
	await parts(record, Bucket);
	await head("head the locked parts", "locked-parts");
	await release(record, { Bucket, Key: "locked-parts" }, "the locked parts");
	await record.ask(
		"copy locked parts",
		new CopyObjectCommand({
			Bucket,
			Key: "locked-parts-copy",
			CopySource: `${Bucket}/locked-parts`,
			...held,
		}),
	);
	await head("head the copy of locked parts", "locked-parts-copy");
	await release(
		record,
		{ Bucket, Key: "locked-parts-copy" },
		"the copy of parts",
	);
	await record.ask("delete under retention", new DeleteObjectCommand(version));
	await record.ask(
		"delete by the bypass",
		new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true }),
	);
}

async function release(
	record: Recorder,
	at: { Bucket: string; Key: string; VersionId?: string },
	what: string,
): Promise<void> {
	const LegalHold = { Status: "OFF" } as const;
	await record.ask(
		`release ${what}`,
		new PutObjectLegalHoldCommand({ ...at, LegalHold }),
	);
}

async function parts(record: Recorder, Bucket: string): Promise<void> {
	const { UploadId } = await record.ask(
		"begin locked parts",
		new CreateMultipartUploadCommand({ Bucket, Key: "locked-parts", ...held }),
	);
	const at = { Bucket, Key: "locked-parts", UploadId };
	const { ETag } = await record.ask(
		"locked part",
		new UploadPartCommand({ ...at, PartNumber: 1, Body: "a part" }),
	);
	const Parts = [{ PartNumber: 1, ETag }];
	await record.ask(
		"complete locked parts",
		new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }),
	);
}
