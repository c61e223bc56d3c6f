/** Two gateway processes that share nothing but the keyring's file: an upload goes on through whichever is alive. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CompleteMultipartUploadCommand,
	CreateBucketCommand,
	CreateMultipartUploadCommand,
	GetObjectCommand,
	HeadObjectCommand,
	S3Client,
	UploadPartCommand,
} from "@aws-sdk/client-s3";
import t from "tap";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import { accessKeyId, secretAccessKey } from "../support/gateway.ts";
import { serve } from "../support/process.ts";
import { bytesOf, sample } from "./content.ts";

const passphrase = "a passphrase for tests only";
const scrypt = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
const Bucket = "shared";

function clientOf(endpoint: string): S3Client {
	const credentials = { accessKeyId, secretAccessKey };
	return new S3Client({
		endpoint,
		credentials,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
	});
}

t.test(
	"an upload through two gateways, one of them killed between its parts",
	async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "sealgate-replicas-"));
		const keyring = join(folder, "keyring.json");
		const secret = () => ({ passphrase: Buffer.from(passphrase) });
		await createKeyring(keyring, secret(), scrypt, new Date());
		await changeKeyring(
			keyring,
			secret(),
			addKey({ alias: "alias/a" }),
			new Date(),
		);
		const directory = join(folder, "store");
		const store = await startStore({ directory, accessKeyId, secretAccessKey });
		await clientOf(store.endpoint).send(new CreateBucketCommand({ Bucket }));
		const file = join(folder, "config.yaml");
		writeFileSync(
			file,
			`
listen: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: keyring.json, passphrase: "${passphrase}" }]
routes: [{ name: sealed, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/a } }] }]
`,
		);
		const processes: ReturnType<typeof serve>[] = [];
		const start = async () => {
			const started = serve(file);
			processes.push(started);
			const { address } = await started.until("listening");
			return { ...started, client: clientOf(`http://${address}`) };
		};
		t.teardown(async () => {
			for (const { child } of processes) child.kill("SIGKILL");
			await Promise.all(processes.map(({ closed }) => closed));
			await store.close();
			rmSync(folder, { recursive: true });
		});
		const [a, b] = await Promise.all([start(), start()]);
		const at = { Bucket, Key: "k" };
		const parts = [1, 2, 3, 4].map((seed) =>
			sample(5 * 1024 ** 2 + seed, seed),
		);
		const { UploadId } = await a.client.send(
			new CreateMultipartUploadCommand(at),
		);
		const put = async ({ client }: { client: S3Client }, index: number) => {
			const part = { ...at, UploadId, PartNumber: index + 1 };
			const Body = parts[index] as Buffer;
			const { ETag } = await client.send(
				new UploadPartCommand({ ...part, Body }),
			);
			return { PartNumber: index + 1, ETag };
		};
		const [third, first] = await Promise.all([put(b, 2), put(a, 0), put(a, 3)]);
		a.child.kill("SIGKILL");
		await a.closed;
		const again = await start();
		const [second, fourth] = await Promise.all([put(b, 1), put(again, 3)]);
		const Parts = [first, second, third, fourth];
		const complete = new CompleteMultipartUploadCommand({
			...at,
			UploadId,
			MultipartUpload: { Parts },
		});
		const done = await again.client.send(complete);
		const repeated = await b.client.send(complete);
		t.equal(repeated.ETag, done.ETag, "the other gateway knows it for done");
		const content = Buffer.concat(parts);
		for (const { client } of [again, b]) {
			const whole = await client.send(new GetObjectCommand(at));
			t.ok((await bytesOf(whole.Body)).equals(content));
			const head = await client.send(new HeadObjectCommand(at));
			t.equal(head.ContentLength, content.length);
			const Range = `bytes=${10 * 1024 ** 2}-${10 * 1024 ** 2 + 99}`;
			const range = await client.send(new GetObjectCommand({ ...at, Range }));
			t.ok(
				(await bytesOf(range.Body)).equals(
					content.subarray(10 * 1024 ** 2, 10 * 1024 ** 2 + 100),
				),
			);
		}
	},
);
