/** A gateway with an envelope route and a keyring, in front of the embedded store. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import {
	accessKeyId,
	secretAccessKey,
	startTestGateway,
	type TestGateway,
} from "../support/gateway.ts";

export const passphrase = "a passphrase for tests only";
const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;

export interface Sealed {
	/** Through the gateway. */
	readonly client: S3Client;
	/** Past it, at the store. */
	readonly store: S3Client;
	readonly gateway: TestGateway;
	readonly bucket: string;
	/** File of the keyring. */
	readonly keyring: string;
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

export async function startSealed(
	t: { teardown(work: () => unknown): void },
	options = "",
): Promise<Sealed> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-envelope-"));
	const keyring = join(folder, "keyring.json");
	const secret = () => ({ passphrase: Buffer.from(passphrase) });
	const now = new Date();
	await createKeyring(keyring, secret(), cheap, now);
	const add = addKey({ alias: "alias/photos" });
	await changeKeyring(keyring, secret(), add, now);
	const store = await startStore({
		directory: join(folder, "store"),
		accessKeyId,
		secretAccessKey,
	});
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: "${keyring}", passphrase: "${passphrase}" }]
routes:
  - { name: sealed, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/photos${options} } }] }
limits: { drain: 1s }
`);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
		rmSync(folder, { recursive: true });
	});
	const sealed = {
		client: clientOf(gateway.endpoint),
		store: clientOf(store.endpoint),
		gateway,
		keyring,
		bucket: `sealed-${randomBytes(4).toString("hex")}`,
	};
	await sealed.store.send(new CreateBucketCommand({ Bucket: sealed.bucket }));
	return sealed;
}
