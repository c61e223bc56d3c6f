/** CopyObject and UploadPartCopy. */
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	type CopyObjectCommandInput,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	GetObjectTaggingCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { sample } from "../content.ts";
import type { Recorder, Side } from "./answers.ts";

const least = 5 * 1024 ** 2;

export async function copies(record: Recorder, side: Side): Promise<void> {
	const Bucket = side.bucket;
	const copy = async (
		step: string,
		Key: string,
		source: string,
		more: Partial<CopyObjectCommandInput> = {},
	) => {
		const CopySource = `${Bucket}/${encodeURIComponent(source)}`;
		const input = { Bucket, Key, CopySource, ...more };
		const { name } = await record.ask(step, new CopyObjectCommand(input));
		if (name !== undefined) return;
		await record.ask(`${step}: got`, new GetObjectCommand({ Bucket, Key }));
		const tags = new GetObjectTaggingCommand({ Bucket, Key });
		await record.ask(`${step}: its tags`, tags);
	};
	await copy("copy", "copy/1", "object");
	await copy("copy of parts", "copy/parts", "parts/hand");
	const replaced = {
		MetadataDirective: "REPLACE",
		Metadata: { new: "yes" },
		ContentType: "text/new",
	} as const;
	await copy("copy with other metadata", "copy/2", "object", replaced);
	await copy("copy with other tags", "copy/3", "object", {
		TaggingDirective: "REPLACE",
		Tagging: "x=y",
	});
	await copy("copy to itself", "copy/1", "copy/1");
	await copy(
		"copy to itself with other metadata",
		"copy/1",
		"copy/1",
		replaced,
	);
	await copy("copy of nothing there", "copy/4", "absent");
	const { ETag } = await record.ask(
		"source",
		new GetObjectCommand({ Bucket, Key: "object" }),
	);
	const other = '"00000000000000000000000000000000"';
	for (const [name, condition] of Object.entries({
		"the ETag": { CopySourceIfMatch: ETag },
		"another ETag": { CopySourceIfMatch: other },
		"none of the ETag": { CopySourceIfNoneMatch: ETag },
		"modified since long ago": {
			CopySourceIfModifiedSince: new Date(Date.UTC(2001, 0, 1)),
		},
		"unmodified since long ago": {
			CopySourceIfUnmodifiedSince: new Date(Date.UTC(2001, 0, 1)),
		},
	})) {
		await copy(`copy if ${name}`, "copy/5", "object", condition);
	}
	await ofParts(record, side);
}

async function ofParts(record: Recorder, side: Side): Promise<void> {
	const at = { Bucket: side.bucket, Key: "copy/of-parts" };
	const { UploadId } = await record.ask(
		"create for copies",
		new CreateMultipartUploadCommand(at),
	);
	const upload = { ...at, UploadId };
	const copy = async (
		step: string,
		PartNumber: number,
		source: string,
		CopySourceRange?: string,
	) => {
		const CopySource = `${side.bucket}/${source}`;
		const input = { ...upload, PartNumber, CopySource, CopySourceRange };
		const done = await record.ask(step, new UploadPartCopyCommand(input));
		return done.CopyPartResult?.ETag as string;
	};
	const range = `bytes=70000-${70_000 + least}`;
	const first = await copy("copy a part's range", 1, "parts/library", range);
	const second = await copy("copy a whole part", 2, "object");
	await copy("copy a range that is not there", 3, "object", "bytes=9-900000");
	await copy("copy a part of nothing", 3, "absent");
	const { ETag: third } = await record.ask(
		"a part behind them",
		new UploadPartCommand({ ...upload, PartNumber: 3, Body: sample(9) }),
	);
	const complete = (step: string, etags: readonly (string | undefined)[]) => {
		const Parts = etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
		const MultipartUpload = { Parts };
		return record.ask(
			step,
			new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }),
		);
	};
	await complete("complete copies with a short one inside", [
		first,
		second,
		third,
	]);
	await complete("complete copies", [first, second]);
	await record.ask("get copies", new GetObjectCommand(at));
}
