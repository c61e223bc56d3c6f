/** An envelope route whose keys a KMS holds: the AWS SDK through the gateway, records at the store, calls on the wire. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
	CreateBucketCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { kmsCredentials } from "../support/kms-stub.ts";
import { appKeys, startGateway } from "./gateway.ts";
import { check, report } from "./harness.ts";
import { adminOf, createKey, type KmsServer } from "./kms-counterpart.ts";
import { direct, type RunningStore } from "./stores.ts";

const MiB = 1024 ** 2;

/** The same server, and what it is asked. */
interface Counted extends KmsServer {
	readonly calls: string[];
	close(): void;
}

async function counted(server: KmsServer): Promise<Counted> {
	const calls: string[] = [];
	const between = createServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const target = String(request.headers["x-amz-target"]);
		calls.push(target.replace("TrentService.", ""));
		const { authorization = "", "content-type": type = "" } = request.headers;
		const answer = await fetch(server.endpoint, {
			method: "POST",
			headers: { authorization, "content-type": type, "x-amz-target": target },
			body: Buffer.concat(chunks),
		});
		response.writeHead(answer.status, { "content-type": type });
		response.end(Buffer.from(await answer.arrayBuffer()));
	});
	await new Promise<void>((done) => between.listen(0, "127.0.0.1", done));
	const { port } = between.address() as AddressInfo;
	return {
		...{ name: server.name, region: server.region, calls },
		endpoint: `http://127.0.0.1:${port}`,
		close: () => between.close(),
	};
}

export async function sealedByKms(
	server: KmsServer,
	store: RunningStore,
): Promise<void> {
	const group = `${store.name}, envelope by ${server.name}`;
	const bucket = `kms-${server.name}`;
	const kms = await counted(server);
	const arn = await createKey(adminOf(server), "alias/photos");
	const { accessKeyId, secretAccessKey } = kmsCredentials;
	const keys = `{ name: main, provider: aws-kms, region: ${kms.region}, endpoint: "${kms.endpoint}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }`;
	const policies = "{ envelope: { keys: main, keyId: alias/photos } }";
	const begin = async (name: string): Promise<S3Client> => {
		const gateway = await startGateway({ name, store, policies, keys });
		return new S3Client({
			endpoint: gateway.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			maxAttempts: 1,
			credentials: appKeys,
		});
	};
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	const client = await begin(`kms-${server.name}`);
	await objects(group, client, bucket);
	await records(group, direct(store), bucket, arn);
	await check(group, "200 requests more, and no call more", async () => {
		const before = kms.calls.length;
		for (let at = 0; at < 100; at++) {
			const object = { Bucket: bucket, Key: `steady/${at}` };
			await client.send(new PutObjectCommand({ ...object, Body: "steady" }));
			await text(client, object);
		}
		assert.equal(kms.calls.length, before);
		report(group, before <= 2, `calls until then: ${kms.calls.join(", ")}`);
	});
	await check(group, "another gateway reads them by one Decrypt", async () => {
		kms.calls.length = 0;
		const again = await begin(`kms-${server.name}-again`);
		for (let at = 0; at < 100; at++) {
			const object = { Bucket: bucket, Key: `steady/${at}` };
			assert.equal(await text(again, object), "steady");
		}
		assert.deepEqual(kms.calls, ["DescribeKey", "Decrypt"]);
	});
	kms.close();
}

export async function objects(
	group: string,
	client: S3Client,
	Bucket: string,
): Promise<void> {
	const whole = randomBytes(3 * MiB + 7);
	const parted = randomBytes(12 * MiB + 1);
	await check(group, "put, get and range", async () => {
		const object = { Bucket, Key: "whole" };
		await client.send(new PutObjectCommand({ ...object, Body: whole }));
		same(await bytes(client, object), whole);
		const Range = "bytes=65530-2000000";
		same(
			await bytes(client, { ...object, Range }),
			whole.subarray(65_530, 2_000_001),
		);
		const { ContentLength } = await client.send(new HeadObjectCommand(object));
		assert.equal(ContentLength, whole.length);
	});
	await check(group, "multipart, and a range over its parts", async () => {
		const object = { Bucket, Key: "parted" };
		const params = { ...object, Body: parted };
		await new Upload({ client, params, partSize: 5 * MiB }).done();
		same(await bytes(client, object), parted);
		const Range = `bytes=${5 * MiB - 3}-${10 * MiB + 3}`;
		same(
			await bytes(client, { ...object, Range }),
			parted.subarray(5 * MiB - 3, 10 * MiB + 4),
		);
	});
	await check(group, "a listing tells the sizes of the plaintext", async () => {
		const { Contents = [] } = await client.send(
			new ListObjectsV2Command({ Bucket }),
		);
		const sizes = Contents.map(({ Size }) => Size);
		assert.deepEqual(sizes, [parted.length, whole.length]);
	});
}

/** What lies at the store, asked past the gateway. */
export async function records(
	group: string,
	client: S3Client,
	Bucket: string,
	arn: string,
): Promise<void> {
	for (const Key of ["whole", "parted"]) {
		await check(group, `the record of ${Key}`, async () => {
			const { Metadata = {} } = await client.send(
				new HeadObjectCommand({ Bucket, Key }),
			);
			const [[name, value] = ["", ""], ...more] = Object.entries(Metadata);
			assert.deepEqual(more, []);
			const record = Buffer.from(value, "base64url");
			assert.ok(record.includes(arn), "it names the key as the provider does");
			const size = name.length + value.length;
			report(group, size < 700, `${size} bytes of metadata with ${arn}`);
		});
	}
}

async function bytes(
	client: S3Client,
	asked: { Bucket: string; Key: string; Range?: string },
): Promise<Buffer> {
	const { Body } = await client.send(new GetObjectCommand(asked));
	return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function text(
	client: S3Client,
	asked: { Bucket: string; Key: string },
): Promise<string> {
	return (await bytes(client, asked)).toString();
}

function same(found: Buffer, wanted: Buffer): void {
	const hash = (of: Buffer) => createHash("sha256").update(of).digest("hex");
	assert.equal(found.length, wanted.length);
	assert.equal(hash(found), hash(wanted));
}
