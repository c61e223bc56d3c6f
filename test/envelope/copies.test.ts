/** Copies on envelope routes: within one, between two, and of objects that came in parts. */
import { createHash, randomBytes } from "node:crypto";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { bytesOf, sample } from "./content.ts";
import { startSealed } from "./setup.ts";

const mebibyte = 1024 ** 2;

t.test(
	"a copy opens under its own name, and says what its source said",
	async (t) => {
		const { client, store, bucket } = await startSealed(t);
		const content = sample(100_000);
		await client.send(
			new PutObjectCommand({
				Bucket: bucket,
				Key: "a",
				Body: content,
				ContentType: "text/x",
				CacheControl: "no-store",
				Metadata: { colour: "blue", md5chksum: "digest" },
			}),
		);
		const copy = { Bucket: bucket, CopySource: `${bucket}/a` };
		const { CopyObjectResult } = await client.send(
			new CopyObjectCommand({ ...copy, Key: "b" }),
		);
		const got = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key: "b" }),
		);
		t.ok((await bytesOf(got.Body)).equals(content));
		t.strictSame(
			[got.ContentType, got.CacheControl, got.Metadata, got.ETag],
			[
				"text/x",
				"no-store",
				{ colour: "blue", md5chksum: "digest" },
				CopyObjectResult?.ETag,
			],
		);
		await client.send(
			new CopyObjectCommand({
				...copy,
				Key: "c",
				MetadataDirective: "REPLACE",
				ContentType: "text/y",
				Metadata: { shape: "round" },
			}),
		);
		const replaced = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key: "c" }),
		);
		t.ok((await bytesOf(replaced.Body)).equals(content));
		t.strictSame(
			[replaced.ContentType, replaced.Metadata],
			["text/y", { shape: "round" }],
		);
		// Behind our back the record is still that of another name.
		await store.send(new CopyObjectCommand({ ...copy, Key: "moved" }));
		await t.rejects(
			client.send(new GetObjectCommand({ Bucket: bucket, Key: "moved" })),
			{ name: "DecryptionFailed", $metadata: { httpStatusCode: 403 } },
		);
	},
);

t.test("an object of parts is copied on its part boundaries", async (t) => {
	const { client, bucket } = await startSealed(t);
	const at = { Bucket: bucket, Key: "parts" };
	const parts = [sample(5 * mebibyte + 3), sample(6 * mebibyte)];
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const Parts = [];
	for (const [index, Body] of parts.entries()) {
		const PartNumber = index + 1;
		const { ETag } = await client.send(
			new UploadPartCommand({ ...at, UploadId, PartNumber, Body }),
		);
		Parts.push({ PartNumber, ETag });
	}
	await client.send(
		new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
	await client.send(
		new CopyObjectCommand({
			Bucket: bucket,
			Key: "copy",
			CopySource: `${bucket}/parts`,
		}),
	);
	const copied = { Bucket: bucket, Key: "copy" };
	const head = await client.send(new HeadObjectCommand(copied));
	t.equal(head.ContentLength, 11 * mebibyte + 3);
	const range = await client.send(
		new GetObjectCommand({ ...copied, Range: "bytes=5242870-5242900" }),
	);
	t.ok(
		(await bytesOf(range.Body)).equals(
			Buffer.concat(parts).subarray(5_242_870, 5_242_901),
		),
	);
});

t.test("a part may be copied from a range of another object", async (t) => {
	const { client, bucket } = await startSealed(t);
	const source = sample(6 * mebibyte);
	await client.send(
		new PutObjectCommand({ Bucket: bucket, Key: "source", Body: source }),
	);
	const at = { Bucket: bucket, Key: "made" };
	const { UploadId } = await client.send(new CreateMultipartUploadCommand(at));
	const copy = { ...at, UploadId, CopySource: `${bucket}/source` };
	const first = await client.send(
		new UploadPartCopyCommand({ ...copy, PartNumber: 1 }),
	);
	const second = await client.send(
		new UploadPartCopyCommand({
			...copy,
			PartNumber: 2,
			CopySourceRange: "bytes=100-199",
		}),
	);
	const Parts = [first, second].map(({ CopyPartResult }, index) => ({
		PartNumber: index + 1,
		ETag: CopyPartResult?.ETag,
	}));
	await client.send(
		new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		}),
	);
	const got = await client.send(new GetObjectCommand(at));
	t.ok(
		(await bytesOf(got.Body)).equals(
			Buffer.concat([source, source.subarray(100, 200)]),
		),
	);
});

t.test(
	"a source without our mark is read and written encrypted, where it may be read",
	async (t) => {
		const allowing = await startSealed(t, ", onPlaintext: allow");
		const { client, store, bucket } = allowing;
		const content = sample(100_000);
		await store.send(
			new PutObjectCommand({
				Bucket: bucket,
				Key: "plain",
				Body: content,
				ContentType: "text/x",
				Metadata: { colour: "blue" },
				Tagging: "team=a",
			}),
		);
		const copy = { Bucket: bucket, CopySource: `${bucket}/plain` };
		for (const Key of ["copy", "plain"]) {
			const { CopyObjectResult } = await client.send(
				new CopyObjectCommand({ ...copy, Key }),
			);
			const got = await client.send(
				new GetObjectCommand({ Bucket: bucket, Key }),
			);
			t.ok((await bytesOf(got.Body)).equals(content));
			t.strictSame(
				[got.ContentType, got.Metadata, got.ETag, got.TagCount],
				["text/x", { colour: "blue" }, CopyObjectResult?.ETag, 1],
			);
			const kept = await store.send(
				new GetObjectCommand({ Bucket: bucket, Key }),
			);
			t.notOk((await bytesOf(kept.Body)).includes(content.subarray(0, 64)));
		}
		const refusing = await startSealed(t);
		const at = { Bucket: refusing.bucket, Key: "plain" };
		await refusing.store.send(new PutObjectCommand({ ...at, Body: "plain" }));
		await t.rejects(
			refusing.client.send(
				new CopyObjectCommand({
					Bucket: refusing.bucket,
					Key: "copy",
					CopySource: `${refusing.bucket}/plain`,
				}),
			),
			{ name: "DecryptionFailed" },
		);
	},
);

t.test(
	"customer keys travel on to the store, which encrypts the ciphertext once more",
	async (t) => {
		const { client, store, bucket } = await startSealed(t);
		const key = randomBytes(32);
		const customer = (key: Buffer) => ({
			SSECustomerAlgorithm: "AES256",
			SSECustomerKey: key.toString("base64"),
			SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
		});
		const content = sample(200_000);
		const at = { Bucket: bucket, Key: "k" };
		const put = await client.send(
			new PutObjectCommand({ ...at, ...customer(key), Body: content }),
		);
		t.equal(put.SSECustomerAlgorithm, "AES256");
		const got = await client.send(
			new GetObjectCommand({ ...at, ...customer(key) }),
		);
		t.ok((await bytesOf(got.Body)).equals(content));
		const ranged = await client.send(
			new GetObjectCommand({
				...at,
				...customer(key),
				Range: "bytes=70000-70009",
			}),
		);
		t.ok((await bytesOf(ranged.Body)).equals(content.subarray(70_000, 70_010)));
		const head = await client.send(
			new HeadObjectCommand({ ...at, ...customer(key) }),
		);
		t.equal(head.ContentLength, content.length);
		for (const through of [client, store]) {
			await t.rejects(through.send(new GetObjectCommand(at)), {
				name: "InvalidRequest",
			});
		}
		const source = customer(key);
		const next = randomBytes(32);
		await client.send(
			new CopyObjectCommand({
				Bucket: bucket,
				Key: "copy",
				CopySource: `${bucket}/k`,
				CopySourceSSECustomerAlgorithm: source.SSECustomerAlgorithm,
				CopySourceSSECustomerKey: source.SSECustomerKey,
				CopySourceSSECustomerKeyMD5: source.SSECustomerKeyMD5,
				...customer(next),
			}),
		);
		const copied = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key: "copy", ...customer(next) }),
		);
		t.ok((await bytesOf(copied.Body)).equals(content));

		const parts = { Bucket: bucket, Key: "parts" };
		const { UploadId } = await client.send(
			new CreateMultipartUploadCommand({ ...parts, ...customer(key) }),
		);
		const pieces = [sample(5 * mebibyte, 1), sample(100, 2)];
		const uploaded = [];
		for (const [index, Body] of pieces.entries()) {
			const PartNumber = index + 1;
			const { ETag } = await client.send(
				new UploadPartCommand({
					...parts,
					...customer(key),
					UploadId,
					PartNumber,
					Body,
				}),
			);
			uploaded.push({ ETag, PartNumber });
		}
		await client.send(
			new CompleteMultipartUploadCommand({
				...parts,
				...customer(key),
				UploadId,
				MultipartUpload: { Parts: uploaded },
			}),
		);
		const whole = await client.send(
			new GetObjectCommand({ ...parts, ...customer(key) }),
		);
		t.ok((await bytesOf(whole.Body)).equals(Buffer.concat(pieces)));
		const within = await client.send(
			new GetObjectCommand({
				...parts,
				...customer(key),
				Range: "bytes=5242870-5242889",
			}),
		);
		t.ok(
			(await bytesOf(within.Body)).equals(
				Buffer.concat(pieces).subarray(5_242_870, 5_242_890),
			),
		);
	},
);
