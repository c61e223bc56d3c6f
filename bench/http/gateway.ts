/** A gateway process with one route, as a user would start it, but for the log: what nginx does not write, it does not. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { folder, freePort, type Running, start } from "./processes.ts";
import { storeKeys } from "./store-keys.ts";

export const appKeys = {
	accessKeyId: "APPACCESSKEY",
	secretAccessKey: "app-secret-key",
} as const;

export interface GatewaySetting {
	readonly name: string;
	/** As the configuration has them. */
	readonly policies: string;
	readonly trusts?: boolean;
	readonly integrity?: "signed-chunks";
	/** Folder of audit records. */
	readonly audit?: string;
}

const passphrase = "a passphrase of this run only";
const keyring = join(folder, "keyring.json");
let made: Promise<void> | undefined;

async function makeKeyring(): Promise<void> {
	const secret = () => ({ passphrase: Buffer.from(passphrase) });
	const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
	await createKeyring(keyring, secret(), cheap, new Date());
	const key = addKey({ alias: "alias/bench" });
	await changeKeyring(keyring, secret(), key, new Date());
}

function configuration(
	setting: GatewaySetting,
	store: string,
	port: number,
): string {
	const { trusts = false, integrity = "trailer", audit } = setting;
	const app = `accessKeyId: ${appKeys.accessKeyId}, secretAccessKey: ${appKeys.secretAccessKey}`;
	const upstream = `accessKeyId: ${storeKeys.accessKeyId}, secretAccessKey: ${storeKeys.secretAccessKey}`;
	return `listen: 127.0.0.1:${port}
authentication: ${trusts ? "trust" : "verify"}
${trusts ? "" : `clients: [{ name: app, ${app} }]`}
upstreams: [{ name: store, endpoint: "http://${store}", credentials: { ${upstream} }, integrity: ${integrity} }]
keys: [{ name: main, provider: keyring, path: "${keyring}", passphrase: "${passphrase}" }]
routes: [{ name: all, match: {}, upstream: store, policies: [${setting.policies}] }]
telemetry: { logLevel: error }
${audit === undefined ? "" : `audit: { sinks: [{ file: "${audit}" }] }`}
`;
}

export async function startGateway(
	setting: GatewaySetting,
	store: Pick<Running, "name" | "address">,
): Promise<Running> {
	made ??= makeKeyring();
	await made;
	const port = await freePort();
	const name = `${setting.name} before ${store.name}`;
	const file = join(folder, `${name.replaceAll(/\W+/g, "-")}.yaml`);
	writeFileSync(file, configuration(setting, store.address, port));
	const args = [...profiling(), "src/main.ts", "serve", "--config", file];
	return start(name, process.execPath, args, port);
}

/** `BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=DIR"` profiles the gateways, and them alone. */
function profiling(): readonly string[] {
	return process.env.BENCH_NODE_OPTIONS?.split(" ") ?? [];
}
