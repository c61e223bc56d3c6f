/** A bucket that keeps versions. */
import {
	CopyObjectCommand,
	DeleteObjectCommand,
	GetBucketVersioningCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectVersionsCommand,
	PutBucketVersioningCommand,
	PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { Recorder, Side } from "./answers.ts";

export async function versions(record: Recorder, side: Side): Promise<void> {
	const { bucket: Bucket } = side;
	const at = { Bucket, Key: "versioned" };
	const kept = await record.ask(
		"keep versions",
		new PutBucketVersioningCommand({
			Bucket,
			VersioningConfiguration: { Status: "Enabled" },
		}),
	);
	await record.ask("versioning", new GetBucketVersioningCommand({ Bucket }));
	if (kept.name !== undefined) return;
	const put = (step: string, Body: string) =>
		record.ask(step, new PutObjectCommand({ ...at, Body }));
	const { VersionId } = await put("version 1", "first");
	await put("version 2", "the second");
	await record.ask("get the newest", new GetObjectCommand(at));
	const old = { ...at, VersionId };
	await record.ask("get version 1", new GetObjectCommand(old));
	await record.ask("head version 1", new HeadObjectCommand(old));
	await record.ask(
		"copy version 1",
		new CopyObjectCommand({
			...at,
			Key: "versioned-copy",
			CopySource: `${Bucket}/versioned?versionId=${VersionId}`,
		}),
	);
	const copied = { Bucket, Key: "versioned-copy" };
	await record.ask("get its copy", new GetObjectCommand(copied));
	const marker = await record.ask("mark deleted", new DeleteObjectCommand(at));
	await record.ask("get what is marked", new GetObjectCommand(at));
	await record.ask(
		"get the marker",
		new GetObjectCommand({ ...at, VersionId: marker.VersionId }),
	);
	await record.ask(
		"list its versions",
		new ListObjectVersionsCommand({ Bucket, Prefix: "versioned" }),
	);
	await record.ask(
		"delete the marker",
		new DeleteObjectCommand({ ...at, VersionId: marker.VersionId }),
	);
	await record.ask("get it again", new GetObjectCommand(at));
	await record.ask("delete version 1", new DeleteObjectCommand(old));
	await record.ask("get what is gone", new GetObjectCommand(old));
	await record.ask(
		"get a made-up version",
		new GetObjectCommand({ ...at, VersionId: "made-up" }),
	);
}
