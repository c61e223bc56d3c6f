/** Listings, of what the other steps left. */
import {
	ListObjectsCommand,
	ListObjectsV2Command,
	ListObjectVersionsCommand,
} from "@aws-sdk/client-s3";
import type { Recorder, Side } from "./answers.ts";

export async function listings(record: Recorder, side: Side): Promise<void> {
	const Bucket = side.bucket;
	const second = (step: string, more: object) =>
		record.ask(step, new ListObjectsV2Command({ Bucket, ...more }));
	await second("list", {});
	await second("list with owners", { FetchOwner: true, Prefix: "copy/" });
	await second("list by folders", { Delimiter: "/" });
	await second("list in escapes", { EncodingType: "url", Prefix: "a/" });
	const { NextContinuationToken } = await second("list two", { MaxKeys: 2 });
	await second("list on", {
		MaxKeys: 3,
		ContinuationToken: NextContinuationToken,
	});
	await second("list behind", { StartAfter: "object" });
	await second("list none", { MaxKeys: 0 });
	const first = (step: string, more: object) =>
		record.ask(step, new ListObjectsCommand({ Bucket, ...more }));
	await first("list the old way", {});
	await first("list the old way, by folders", { Delimiter: "/", MaxKeys: 3 });
	await first("list the old way, behind", { Marker: "copy/3" });
	const versions = { Bucket, Prefix: "copy/" };
	await record.ask("list versions", new ListObjectVersionsCommand(versions));
	await record.ask(
		"list a bucket that is not there",
		new ListObjectsV2Command({ Bucket: `${Bucket}-absent` }),
	);
}
