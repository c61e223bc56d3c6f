/** The shared suite: what an application asks of S3, by the AWS SDK for JavaScript with its default settings. */
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { type Answer, Recorder, type Side } from "./answers.ts";
import { copies } from "./copies.ts";
import { listings } from "./listings.ts";
import { locks } from "./locks.ts";
import { objects } from "./objects.ts";
import { uploads } from "./uploads.ts";
import { urls } from "./urls.ts";
import { versions } from "./versions.ts";

/** Asks one side everything, in an order that never changes. */
export async function askEverything(side: Side): Promise<readonly Answer[]> {
	const record = new Recorder(side.client);
	await record.ask("bucket", new CreateBucketCommand({ Bucket: side.bucket }));
	await objects(record, side);
	await uploads(record, side);
	await copies(record, side);
	await urls(record, side);
	await listings(record, side);
	await versions(record, side);
	await locks(record, side);
	return record.answers;
}
