/** An embedded store with a bucket, a keyring, a configuration file, and a gateway that runs by it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CreateBucketCommand,
	GetObjectCommand,
	HeadObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { readRecordHeader } from "../../src/crypto/record-header.ts";
import { addKey, rotateKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import { type Ended, run } from "../cli/process.ts";
import {
	accessKeyId,
	secretAccessKey,
	startTestGateway,
	type TestGateway,
} from "../support/gateway.ts";

const passphrase = "a passphrase for tests only";
const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
export const Bucket = "photos-1";

export interface World {
	readonly folder: string;
	readonly config: string;
	/** Through the gateway. */
	readonly client: S3Client;
	/** Past it. */
	readonly store: S3Client;
	readonly storeEndpoint: string;
	readonly gateway: TestGateway;
	readonly keyring: string;
	/** The command in a process, with `--config`. */
	command(...args: string[]): Promise<Ended>;
	/** The same, with a configuration that `args` name. */
	run(...args: string[]): Promise<Ended>;
	rotate(alias: string): Promise<void>;
	/** What the gateway gives. */
	read(key: string): Promise<string>;
	/** Key and key version of the record that the store has; undefined where there is none. */
	recordOf(
		key: string,
	): Promise<{ keyId: string; version: number } | undefined>;
}

export interface WorldOptions {
	/** Of the envelope, behind `keyId`. */
	readonly options?: string;
	/** Between the upstream and the store. */
	readonly between?: (honest: string) => string | Promise<string>;
	/** Of the configuration, at the top level. */
	readonly extra?: string;
}

export async function startWorld(
	t: { teardown(work: () => unknown): void },
	{ options = "", between = (honest) => honest, extra = "" }: WorldOptions = {},
): Promise<World> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-bulk-"));
	const keyring = join(folder, "keyring.json");
	const secret = () => ({ passphrase: Buffer.from(passphrase) });
	await createKeyring(keyring, secret(), cheap, new Date());
	for (const alias of ["alias/photos", "alias/new"])
		await changeKeyring(keyring, secret(), addKey({ alias }), new Date());
	const store = await startStore({
		directory: join(folder, "store"),
		accessKeyId,
		secretAccessKey,
		minimumPart: 1,
		customerKeysInClear: true,
	});
	const config = join(folder, "config.yaml");
	writeFileSync(
		config,
		`listen: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${await between(store.endpoint)}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: keyring.json, passphrase: "${passphrase}" }]
routes:
  - { name: photos, match: { bucket: "photos-*" }, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/photos${options} } }] }
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s }
${extra}`,
	);
	const gateway = await startTestGateway(
		await loadConfig(config, process.env, plugins),
	);
	const client = clientOf(gateway.endpoint);
	const direct = clientOf(store.endpoint);
	t.teardown(async () => {
		client.destroy();
		direct.destroy();
		await gateway.close();
		await store.close();
		rmSync(folder, { recursive: true });
	});
	await direct.send(new CreateBucketCommand({ Bucket }));
	return {
		folder,
		config,
		client,
		store: direct,
		storeEndpoint: store.endpoint,
		gateway,
		keyring,
		command: (...args) => run(folder, ...args, "--config", "config.yaml"),
		run: (...args) => run(folder, ...args),
		async rotate(alias) {
			await changeKeyring(keyring, secret(), rotateKey(alias), new Date());
			await gateway.reloadKeys();
		},
		async read(key) {
			const { Body } = await client.send(
				new GetObjectCommand({ Bucket, Key: key }),
			);
			return (await Body?.transformToString()) ?? "";
		},
		async recordOf(key) {
			const { Metadata } = await direct.send(
				new HeadObjectCommand({ Bucket, Key: key }),
			);
			if (Metadata?.sealgate === undefined) return undefined;
			const { keyId, wrappedKey } = readRecordHeader(Metadata.sealgate);
			return { keyId, version: wrappedKey.readUInt32BE(17) };
		},
	};
}

function clientOf(endpoint: string): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
	});
}
