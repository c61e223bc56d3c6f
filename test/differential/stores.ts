/** The pairs that a run can compare: a store, and an envelope route in front of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import {
	accessKeyId,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import type { Pair } from "./episode.ts";

export const storeNames = ["embedded", "versitygw", "minio"] as const;
export type StoreName = (typeof storeNames)[number];

export interface RunningPair {
	readonly pair: Pair;
	close(): Promise<void>;
}

const passphrase = "a passphrase of this run only";
const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
const storeKeys = {
	accessKeyId: "STOREACCESSKEY",
	secretAccessKey: "store-secret-key",
};

/** @param running a store that is there already, and stays */
export async function startPair(
	store: StoreName,
	running?: Pick<Behind, "endpoint">,
): Promise<RunningPair> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-differential-"));
	const keyring = join(folder, "keyring.json");
	const secret = () => ({ passphrase: Buffer.from(passphrase) });
	const now = new Date();
	await createKeyring(keyring, secret(), cheap, now);
	await changeKeyring(keyring, secret(), addKey({ alias: "alias/all" }), now);
	const behind: Behind = running
		? { endpoint: running.endpoint, close() {} }
		: await (store === "embedded"
				? embedded(join(folder, "store"))
				: counterpart(store));
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${behind.endpoint}", credentials: { accessKeyId: ${storeKeys.accessKeyId}, secretAccessKey: ${storeKeys.secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: "${keyring}", passphrase: "${passphrase}" }]
routes: [{ name: sealed, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/all } }] }]
limits: { drain: 1s }
`);
	return {
		pair: {
			direct: { endpoint: behind.endpoint, credentials: storeKeys },
			through: {
				endpoint: gateway.endpoint,
				credentials: { accessKeyId, secretAccessKey },
			},
		},
		async close() {
			await gateway.close();
			await behind.close();
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

interface Behind {
	readonly endpoint: string;
	close(): Promise<void> | void;
}

async function embedded(directory: string): Promise<Behind> {
	return startStore({ directory, ...storeKeys });
}

/** Of the interop run, whose tools are installed the first time. */
async function counterpart(name: "versitygw" | "minio"): Promise<Behind> {
	const stores = await import("../interop/stores.ts");
	const { finish } = await import("../interop/harness.ts");
	const { endpoint } =
		name === "minio" ? await stores.minio(false) : await stores.versitygw();
	return { endpoint, close: finish };
}
