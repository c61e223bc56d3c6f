import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	DeleteBucketCommand,
	DeleteObjectsCommand,
	GetBucketLoggingCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import t from "tap";
import { startStore } from "../../src/store/store.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";

const keys = { accessKeyId: "UP", secretAccessKey: "up-secret" };

function clientOf(endpoint: string, credentials = keys): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials,
		maxAttempts: 1,
	});
}

/** The same client suite, straight at the store and through a gateway before it. */
for (const through of ["the store", "the gateway"]) {
	t.test(
		`the AWS SDK with its default settings works with ${through}`,
		async (t) => {
			const directory = mkdtempSync(join(tmpdir(), "sealgate-store-"));
			let store = await startStore({ directory, ...keys });
			const gateway =
				through === "the gateway"
					? await startTestGateway(configuration(store.endpoint))
					: undefined;
			let client =
				gateway === undefined
					? clientOf(store.endpoint)
					: clientOf(gateway.endpoint, { accessKeyId, secretAccessKey });
			t.teardown(async () => {
				client.destroy();
				await gateway?.close();
				await store.close();
				rmSync(directory, { recursive: true });
			});
			const Bucket = "bucket";
			await client.send(new CreateBucketCommand({ Bucket }));
			await t.rejects(client.send(new CreateBucketCommand({ Bucket })), {
				name: "BucketAlreadyOwnedByYou",
			});
			for (const Key of ["a//b/../c", "k%2F+ ü", "k".repeat(1024)]) {
				await client.send(
					new PutObjectCommand({
						Bucket,
						Key,
						Body: Key,
						Metadata: { m: "1" },
						ServerSideEncryption: "aws:kms",
						SSEKMSKeyId: "k",
					}),
				);
				const got = await client.send(new GetObjectCommand({ Bucket, Key }));
				t.equal(await got.Body?.transformToString(), Key);
				t.match(got, {
					Metadata: { m: "1" },
					ServerSideEncryption: "aws:kms",
					SSEKMSKeyId: "arn:aws:kms:us-east-1:111122223333:key/k",
				});
			}
			t.match(
				await client.send(
					new PutObjectCommand({
						Bucket,
						Key: "once",
						Body: "x",
						IfNoneMatch: "*",
					}),
				),
				{ ServerSideEncryption: "AES256" },
			);
			await t.rejects(
				client.send(
					new PutObjectCommand({
						Bucket,
						Key: "once",
						Body: "y",
						IfNoneMatch: "*",
					}),
				),
				{ name: "PreconditionFailed" },
			);
			const ranged = await client.send(
				new GetObjectCommand({ Bucket, Key: "a//b/../c", Range: "bytes=1-3" }),
			);
			t.equal(await ranged.Body?.transformToString(), "//b");
			t.equal(ranged.ContentRange, "bytes 1-3/9");
			await client.send(
				new PutObjectCommand({ Bucket, Key: "empty", Body: "" }),
			);
			t.equal(
				(await client.send(new HeadObjectCommand({ Bucket, Key: "empty" })))
					.ContentLength,
				0,
			);
			await t.rejects(
				client.send(new GetObjectCommand({ Bucket, Key: "none" })),
				{ name: "NoSuchKey" },
			);
			await t.rejects(
				client.send(new GetObjectCommand({ Bucket: "nobucket", Key: "k" })),
				{ name: "NoSuchBucket" },
			);
			await t.rejects(client.send(new GetBucketLoggingCommand({ Bucket })), {
				name: "NotImplemented",
			});
			await client.send(
				new CopyObjectCommand({
					Bucket,
					Key: "copy",
					CopySource: `${Bucket}/once`,
				}),
			);
			t.equal(
				await (
					await client.send(new GetObjectCommand({ Bucket, Key: "copy" }))
				).Body?.transformToString(),
				"x",
			);

			const large = Buffer.alloc(11 * 1024 * 1024, "part");
			await new Upload({
				client,
				params: { Bucket, Key: "large", Body: large },
			}).done();
			const whole = await client.send(
				new GetObjectCommand({ Bucket, Key: "large" }),
			);
			t.match(whole.ETag, /-3"$/);
			t.ok(
				Buffer.from((await whole.Body?.transformToByteArray()) ?? []).equals(
					large,
				),
			);
			const second = await client.send(
				new GetObjectCommand({ Bucket, Key: "large", PartNumber: 3 }),
			);
			t.match(second, { PartsCount: 3, ContentLength: 1024 * 1024 });
			(await second.Body?.transformToByteArray()) ?? [];
			const { UploadId } = await client.send(
				new CreateMultipartUploadCommand({ Bucket, Key: "small" }),
			);
			const parts: { PartNumber: number; ETag: string | undefined }[] = [];
			for (const PartNumber of [1, 2]) {
				const { ETag } = await client.send(
					new UploadPartCommand({
						Bucket,
						Key: "small",
						UploadId,
						PartNumber,
						Body: "x",
					}),
				);
				parts.push({ PartNumber, ETag });
			}
			const complete = (Parts: typeof parts) =>
				client.send(
					new CompleteMultipartUploadCommand({
						Bucket,
						Key: "small",
						UploadId,
						MultipartUpload: { Parts },
					}),
				);
			await t.rejects(complete(parts), { name: "EntityTooSmall" });
			await t.rejects(complete([...parts].reverse()), {
				name: "InvalidPartOrder",
			});
			await t.rejects(complete([{ PartNumber: 7, ETag: '"x"' }]), {
				name: "InvalidPart",
			});

			const first = await client.send(
				new ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 3 }),
			);
			t.strictSame(first.CommonPrefixes, [{ Prefix: "a/" }]);
			const rest = await client.send(
				new ListObjectsV2Command({
					Bucket,
					Delimiter: "/",
					ContinuationToken: first.NextContinuationToken,
				}),
			);
			const listed = [...(first.Contents ?? []), ...(rest.Contents ?? [])].map(
				({ Key = "" }) => Key,
			);
			t.strictSame(
				listed,
				["copy", "empty", "k%2F+ ü", "k".repeat(1024), "large", "once"].sort(),
			);
			await t.rejects(client.send(new DeleteBucketCommand({ Bucket })), {
				name: "BucketNotEmpty",
			});

			if (gateway === undefined) {
				await store.close();
				store = await startStore({ directory, ...keys });
				client.destroy();
				client = clientOf(store.endpoint);
				t.equal(
					(await client.send(new HeadObjectCommand({ Bucket, Key: "large" })))
						.ContentLength,
					large.length,
					"a restart loses nothing",
				);
			}
			await client.send(
				new DeleteObjectsCommand({
					Bucket,
					Delete: { Objects: [...listed, "a//b/../c"].map((Key) => ({ Key })) },
				}),
			);
			await client.send(new DeleteBucketCommand({ Bucket }));
			await t.rejects(
				clientOf(store.endpoint, { ...keys, secretAccessKey: "wrong" }).send(
					new ListObjectsV2Command({ Bucket }),
				),
				{ name: "SignatureDoesNotMatch" },
			);
		},
	);
}

t.test("an upload that breaks off leaves no object and no file", async (t) => {
	const directory = mkdtempSync(join(tmpdir(), "sealgate-store-"));
	const store = await startStore({ directory, ...keys });
	const client = clientOf(store.endpoint);
	t.teardown(async () => {
		client.destroy();
		await store.close();
		rmSync(directory, { recursive: true });
	});
	await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
	const { sign } = await import("../../src/sigv4/sign.ts");
	const host = new URL(store.endpoint).host;
	const signed = sign(
		{
			method: "PUT",
			path: "/bucket/k",
			query: [],
			headers: new Map([
				["host", host],
				["content-length", "5"],
				["content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="],
			]),
		},
		{
			credentials: keys,
			region: "us-east-1",
			now: new Date(),
			payloadHash: "UNSIGNED-PAYLOAD",
		},
	);
	const head = [...signed.headers]
		.map(([name, value]) => `${name}: ${value}\r\n`)
		.join("");
	const answer = await new Promise<string>((resolve, reject) => {
		const socket = connect(Number(host.split(":")[1]), "127.0.0.1");
		const chunks: Buffer[] = [];
		socket.on("data", (chunk) => chunks.push(chunk));
		socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
		socket.on("error", reject);
		socket.write(
			`PUT /bucket/k HTTP/1.1\r\n${head}connection: close\r\n\r\nhello`,
		);
	});
	t.match(answer, /BadDigest/);
	await t.rejects(
		client.send(new HeadObjectCommand({ Bucket: "bucket", Key: "k" })),
		{ name: "NotFound" },
	);
	t.strictSame(readdirSync(join(directory, "unfinished")), []);
	t.strictSame(readdirSync(join(directory, "buckets/bucket")), []);
});
