/** A gateway with an envelope route and a keyring, in front of the embedded store. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import type { Secret } from "../../src/keys/unlock-slot.ts";
import { startStore } from "../../src/store/store.ts";
import {
	accessKeyId,
	secretAccessKey,
	startTestGateway,
	type TestGateway,
} from "../support/gateway.ts";

export interface Sealed {
	/** Where the keyring's file is, and what opens it: a key file, which takes no scrypt. */
	readonly keyring: string;
	readonly keyFile: string;
	secret(): Secret;
	/** Through the gateway. */
	readonly client: S3Client;
	/** Through the same gateway by another route, where `also` asked for one. */
	readonly other: S3Client;
	/** Past it, at the store. */
	readonly store: S3Client;
	readonly storeEndpoint: string;
	readonly gateway: TestGateway;
	readonly bucket: string;
}

/** For a client of its own: of the mode `observe`, or with other options. */
function routeOf(also: string): string {
	if (also === "") return "";
	const observes = also === "observe";
	const options = observes ? "" : also;
	const keyId = options.includes("keyId:") ? "" : ", keyId: alias/photos";
	return `  - { name: other, match: { client: other }, upstream: store, mode: ${observes ? "observe" : "enforce"}, policies: [{ envelope: { keys: main${keyId}${options} } }] }
`;
}

function clientOf(endpoint: string, id = accessKeyId): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId: id, secretAccessKey },
	});
}

export async function startSealed(
	t: { teardown(work: () => unknown): void },
	options = "",
	{
		between = (honest: string) => honest as string | Promise<string>,
		authentication = "verify",
		mode = "enforce",
		also = "",
	} = {},
): Promise<Sealed> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-envelope-"));
	const keyring = join(folder, "keyring.json");
	const keyFile = join(folder, "keyring.key");
	const key = randomBytes(32);
	writeFileSync(keyFile, key, { mode: 0o600 });
	const secret = () => ({ key: Buffer.from(key) });
	const now = new Date();
	await createKeyring(keyring, secret(), { name: "key-file" }, now);
	for (const alias of ["alias/photos", "alias/new"]) {
		await changeKeyring(keyring, secret(), addKey({ alias }), now);
	}
	const store = await startStore({
		directory: join(folder, "store"),
		accessKeyId,
		secretAccessKey,
		customerKeysInClear: true,
	});
	const clients =
		authentication === "trust"
			? ""
			: `clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }, { name: other, accessKeyId: OTHERACCESSKEY, secretAccessKey: ${secretAccessKey} }]`;
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: ${authentication}
${clients}
upstreams: [{ name: store, endpoint: "${await between(store.endpoint)}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: "${keyring}", keyFile: "${keyFile}" }]
routes:
${routeOf(also)}  - { name: sealed, match: {}, upstream: store, mode: ${mode}, policies: [{ envelope: { keys: main, keyId: alias/photos${options} } }] }
limits: { drain: 1s }
`);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
		rmSync(folder, { recursive: true });
	});
	const sealed = {
		keyring,
		keyFile,
		secret,
		client: clientOf(gateway.endpoint),
		other: clientOf(gateway.endpoint, "OTHERACCESSKEY"),
		store: clientOf(store.endpoint),
		storeEndpoint: store.endpoint,
		gateway,
		bucket: `sealed-${randomBytes(4).toString("hex")}`,
	};
	await sealed.store.send(new CreateBucketCommand({ Bucket: sealed.bucket }));
	return sealed;
}
