/** Multipart uploads on an envelope route, through a real gateway to the embedded store. */
import {
	CompleteMultipartUploadCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	ListPartsCommand,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { bytesOf, sample } from "./content.ts";
import { type Sealed, startSealed } from "./setup.ts";

const mebibyte = 1024 ** 2;

async function upload(
	{ client, bucket }: Sealed,
	key: string,
	parts: readonly Buffer[],
	order: readonly number[],
) {
	const at = { Bucket: bucket, Key: key };
	const { UploadId } = await client.send(
		new CreateMultipartUploadCommand({ ...at, ContentType: "text/x" }),
	);
	const etags: string[] = [];
	for (const index of order) {
		const { ETag = "" } = await client.send(
			new UploadPartCommand({
				...at,
				UploadId,
				PartNumber: index + 1,
				Body: parts[index] as Buffer,
			}),
		);
		etags[index] = ETag;
	}
	const listed = await client.send(new ListPartsCommand({ ...at, UploadId }));
	const Parts = etags.map((ETag, index) => ({ PartNumber: index + 1, ETag }));
	const done = await client.send(
		new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
	return { UploadId, Parts, done, listed };
}

const layouts: readonly (readonly [string, readonly number[]])[] = [
	["one short part", [1000]],
	["one long part", [5 * mebibyte]],
	["a short last part", [5 * mebibyte, 17]],
	["an empty last part", [5 * mebibyte, 0]],
	["a long last part", [5 * mebibyte, 6 * mebibyte]],
	["uneven parts", [5 * mebibyte + 1, 6 * mebibyte + 3, 5 * mebibyte + 7, 9]],
	["even parts", [5 * mebibyte, 5 * mebibyte, 5 * mebibyte, 5 * mebibyte]],
];

for (const [name, sizes] of layouts) {
	t.test(`an upload of ${name}`, async (t) => {
		const sealed = await startSealed(t);
		const { client, bucket, store } = sealed;
		const parts = sizes.map((size, index) => sample(size, index * 7_919));
		const content = Buffer.concat(parts);
		const order = sizes.map((_, index) => index).reverse();
		const { listed } = await upload(sealed, "k", parts, order);
		t.strictSame(
			listed.Parts?.map(({ Size }) => Size),
			sizes,
		);
		const at = { Bucket: bucket, Key: "k" };
		const head = await client.send(new HeadObjectCommand(at));
		t.equal(head.ContentLength, content.length);
		t.equal(head.ContentType, "text/x");
		const got = await client.send(new GetObjectCommand(at));
		t.ok((await bytesOf(got.Body)).equals(content), "whole");
		t.equal(got.ETag, head.ETag);
		const { Contents } = await client.send(
			new ListObjectsV2Command({ Bucket: bucket }),
		);
		t.equal(Contents?.[0]?.ETag, head.ETag);
		let start = 0;
		for (const [index, size] of sizes.entries()) {
			const part = await client.send(
				new GetObjectCommand({ ...at, PartNumber: index + 1 }),
			);
			t.equal(part.PartsCount, sizes.length);
			t.ok(
				(await bytesOf(part.Body)).equals(
					content.subarray(start, start + size),
				),
				`part ${index + 1}`,
			);
			start += size;
		}
		for (const [from, to] of [
			[0, 10],
			[content.length - 5, content.length],
			[
				Math.max(0, (sizes[0] as number) - 3),
				Math.min(content.length, (sizes[0] as number) + 3),
			],
			[Math.floor(content.length / 3), Math.floor(content.length / 2)],
		] as const) {
			if (from >= to) continue;
			const range = await client.send(
				new GetObjectCommand({ ...at, Range: `bytes=${from}-${to - 1}` }),
			);
			t.ok(
				(await bytesOf(range.Body)).equals(content.subarray(from, to)),
				`${from}-${to}`,
			);
			t.equal(range.ContentRange, `bytes ${from}-${to - 1}/${content.length}`);
		}
		const kept = await bytesOf(
			(await store.send(new GetObjectCommand(at))).Body,
		);
		t.notOk(kept.includes(parts[0]?.subarray(0, 64) as Buffer));
	});
}
