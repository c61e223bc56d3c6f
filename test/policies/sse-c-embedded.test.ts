/** `sse-c: inject` by a stock client, end to end, to an embedded store over TLS that demands the key on every read. */
import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import {
	CompleteMultipartUploadCommand,
	CopyObjectCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	S3Client,
	UploadPartCommand,
	UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { deriveKey } from "../../plugins/sse-c/derive.ts";
import {
	Bucket,
	startEmbeddedStore,
	storeKeys,
} from "../support/embedded-store.ts";
import { startTestGateway } from "../support/gateway.ts";
import { caFile } from "../support/store.ts";

const secrets = {
	old: "the secret of last year, 32 bytes or more",
	new: "the secret of this year, 32 bytes or more",
};
const file = (name: string) =>
	readFileSync(new URL(`../support/tls/${name}`, import.meta.url));

t.test(
	"objects, copies and uploads through a rotation, and without the gateway",
	async (t) => {
		const tls = { cert: file("server.pem"), key: file("server.key") };
		const { s3: direct, store } = await startEmbeddedStore(
			t,
			{ tls },
			file("ca.pem"),
		);
		const through = async (options: string) => {
			const { accessKeyId, secretAccessKey } = storeKeys;
			const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }, tls: { ca: "${caFile}" } }
routes:
  - { name: all, match: {}, upstream: store, policies: [{ sse-c: { mode: inject, ${options} } }] }
limits: { drain: 1s }
`);
			t.teardown(() => gateway.close());
			const s3 = new S3Client({
				endpoint: gateway.endpoint,
				region: "us-east-1",
				forcePathStyle: true,
				credentials: storeKeys,
				maxAttempts: 1,
			});
			t.teardown(async () => s3.destroy());
			return s3;
		};
		const before = await through(`secrets: "${secrets.old}"`);
		const after = await through(
			`secrets: ["${secrets.new}", "${secrets.old}"]`,
		);
		const read = async (s3: S3Client, Key: string, more = {}) => {
			const { Body } = await s3.send(
				new GetObjectCommand({ Bucket, Key, ...more }),
			);
			return Body?.transformToString();
		};
		const keyOf = (Key: string, secret: string) => ({
			SSECustomerAlgorithm: "AES256",
			SSECustomerKey: deriveKey(
				createSecretKey(Buffer.from(secret)),
				Bucket,
				Key,
			).toString("base64"),
		});

		await before.send(
			new PutObjectCommand({ Bucket, Key: "a/ä b", Body: "content" }),
		);
		t.equal(await read(after, "a/ä b"), "content");
		const head = await after.send(
			new HeadObjectCommand({ Bucket, Key: "a/ä b" }),
		);
		t.equal(head.ContentLength, 7);
		t.equal(head.SSECustomerAlgorithm, undefined, "the client sees no key");
		await t.rejects(
			read(direct, "a/ä b"),
			/stored using a form of Server Side Encryption/,
		);
		t.equal(
			await read(direct, "a/ä b", keyOf("a/ä b", secrets.old)),
			"content",
		);

		await after.send(
			new CopyObjectCommand({
				Bucket,
				Key: "copy",
				CopySource: `${Bucket}/${encodeURIComponent("a/ä b")}`,
			}),
		);
		t.equal(await read(direct, "copy", keyOf("copy", secrets.new)), "content");

		const { UploadId } = await before.send(
			new CreateMultipartUploadCommand({ Bucket, Key: "parts" }),
		);
		const part = { Bucket, Key: "parts", UploadId };
		const first = await after.send(
			new UploadPartCommand({ ...part, PartNumber: 1, Body: "one " }),
		);
		const second = await after.send(
			new UploadPartCopyCommand({
				...part,
				PartNumber: 2,
				CopySource: `${Bucket}/copy`,
			}),
		);
		await after.send(
			new CompleteMultipartUploadCommand({
				...part,
				MultipartUpload: {
					Parts: [
						{ PartNumber: 1, ETag: first.ETag },
						{ PartNumber: 2, ETag: second.CopyPartResult?.ETag },
					],
				},
			}),
		);
		t.equal(await read(after, "parts"), "one content");
		t.equal(
			await read(direct, "parts", keyOf("parts", secrets.old)),
			"one content",
		);

		await direct.send(
			new PutObjectCommand({ Bucket, Key: "plain", Body: "plain" }),
		);
		await t.rejects(
			read(after, "plain"),
			/not written with a key of this route/,
		);
		const allowing = await through(
			`secrets: "${secrets.new}", onPlaintext: allow`,
		);
		t.equal(await read(allowing, "plain"), "plain");
	},
);
