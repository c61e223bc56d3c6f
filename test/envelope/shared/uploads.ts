/** Objects of parts: by `Upload` of lib-storage, and by hand as applications do it. */
import {
	AbortMultipartUploadCommand,
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectAttributesCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListMultipartUploadsCommand,
	ListPartsCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { sample } from "../content.ts";
import type { Recorder, Side } from "./answers.ts";

const least = 5 * 1024 ** 2;

export async function uploads(record: Recorder, side: Side): Promise<void> {
	await byLibrary(record, side);
	await byHand(record, side);
	await refusals(record, side);
}

async function byLibrary(record: Recorder, side: Side): Promise<void> {
	const at = { Bucket: side.bucket, Key: "parts/library" };
	const Body = sample(2 * least + 70_001, 3);
	const params = { ...at, Body, ContentType: "video/x", Metadata: { a: "1" } };
	const upload = new Upload({ client: side.client, params });
	const { $metadata, ...output } = await upload.done();
	record.add("upload", $metadata.httpStatusCode ?? 0, {}, output);
	const even = { Bucket: side.bucket, Key: "parts/even" };
	const content = sample(2 * least, 4);
	await new Upload({
		client: side.client,
		params: { ...even, Body: content },
	}).done();
	await record.ask("get even upload", new GetObjectCommand(even));
	const get = (step: string, more: object) =>
		record.ask(step, new GetObjectCommand({ ...at, ...more }));
	await get("get upload", {});
	await record.ask("head upload", new HeadObjectCommand(at));
	for (const PartNumber of [1, 2, 3, 4, 0, 10_001]) {
		await get(`part ${PartNumber} of upload`, { PartNumber });
	}
	const ofPart = { ...at, PartNumber: 2 };
	await record.ask("head part 2 of upload", new HeadObjectCommand(ofPart));
	for (const Range of [
		`bytes=${least - 5}-${least + 5}`,
		...["bytes=-70002", "bytes=0-10485760", `bytes=${Body.length}-`],
	]) {
		await get(`range ${Range} of upload`, { Range });
	}
	await record.ask(
		"attributes of upload",
		new GetObjectAttributesCommand({
			...at,
			ObjectAttributes: ["ETag", "ObjectSize", "StorageClass"],
		}),
	);
}

async function byHand(record: Recorder, side: Side): Promise<void> {
	const at = { Bucket: side.bucket, Key: "parts/hand" };
	const { UploadId } = await record.ask(
		"create",
		new CreateMultipartUploadCommand({
			...at,
			Metadata: { b: "2" },
			Tagging: "t=1",
			ContentType: "text/y",
		}),
	);
	const upload = { ...at, UploadId };
	const put = async (step: string, PartNumber: number, Body: Buffer) => {
		const part = { ...upload, PartNumber, Body };
		return (await record.ask(step, new UploadPartCommand(part))).ETag;
	};
	const list = (step: string, more = {}) =>
		record.ask(step, new ListPartsCommand({ ...upload, ...more }));
	const complete = (
		step: string,
		etags: readonly string[],
		numbers: number[],
	) =>
		record.ask(
			step,
			new CompleteMultipartUploadCommand({
				...upload,
				MultipartUpload: {
					Parts: numbers.map((PartNumber, index) => ({
						PartNumber,
						ETag: etags[index],
					})),
				},
			}),
		);
	await list("no parts yet");
	const third = await put("part 3 first", 3, sample(7, 5));
	const stale = await put("part 1", 1, sample(least, 6));
	await list("two parts");
	const first = await put("part 1 again", 1, sample(least, 7));
	const short = await put("part 2, too short", 2, sample(8, 4));
	await complete(
		"complete with a short part inside",
		[first, short, third],
		[1, 2, 3],
	);
	const second = await put("part 2", 2, sample(least, 8));
	await list("three parts");
	await list("two of three parts", { MaxParts: 2 });
	await list("parts behind the first", { PartNumberMarker: "1" });
	await complete(
		"complete with a stale part",
		[stale, second, third],
		[1, 2, 3],
	);
	await complete("complete out of order", [second, first], [2, 1]);
	await complete(
		"complete with another part's ETag",
		[first, second, second],
		[1, 2, 3],
	);
	await complete("complete", [first, second, third], [1, 2, 3]);
	await list("parts of what is complete");
	await record.ask("get of parts", new GetObjectCommand(at));
	await record.ask("head of parts", new HeadObjectCommand(at));
}

async function refusals(record: Recorder, side: Side): Promise<void> {
	const at = { Bucket: side.bucket, Key: "parts/none" };
	const { UploadId } = await record.ask(
		"create none",
		new CreateMultipartUploadCommand(at),
	);
	const upload = { ...at, UploadId };
	const part = (PartNumber: number, Body: Buffer) =>
		record.ask(
			`short part ${PartNumber}`,
			new UploadPartCommand({ ...upload, PartNumber, Body }),
		);
	const complete = (
		step: string,
		Parts: { PartNumber: number; ETag: string }[],
	) =>
		record.ask(
			step,
			new CompleteMultipartUploadCommand({
				...upload,
				MultipartUpload: { Parts },
			}),
		);
	const one = await part(1, sample(100));
	const two = await part(2, sample(100, 9));
	await complete("complete short parts", [
		{ PartNumber: 1, ETag: one.ETag },
		{ PartNumber: 2, ETag: two.ETag },
	]);
	await complete("complete with a made-up ETag", [
		{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' },
	]);
	await record.ask("abort", new AbortMultipartUploadCommand(upload));
	await record.ask("abort again", new AbortMultipartUploadCommand(upload));
	await part(3, sample(5));
	await complete("complete what is gone", [{ PartNumber: 1, ETag: one.ETag }]);
	await record.ask("parts of what is gone", new ListPartsCommand(upload));
	await record.ask(
		"parts of a made-up upload",
		new ListPartsCommand({ ...at, UploadId: "made-up" }),
	);
	await record.ask(
		"no uploads left",
		new ListMultipartUploadsCommand({ Bucket: side.bucket }),
	);
	await record.ask("nothing was made", new HeadObjectCommand(at));
}
