/** A gateway in a process of its own with an envelope route in front of a store, and what it holds in memory. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { accessKeyId, secretAccessKey } from "../support/gateway.ts";
import { serve } from "../support/process.ts";

export interface SealedGateway {
	readonly endpoint: string;
	/** The most resident memory in MiB since the last call of `forget`. */
	peak(): number;
	forget(): void;
	close(): Promise<void>;
}

/** @param more of the upstream's settings */
export async function startSealedGateway(
	store: string,
	more = "",
): Promise<SealedGateway> {
	const folder = mkdtempSync(join(tmpdir(), "sealgate-deep-"));
	const key = randomBytes(32);
	writeFileSync(join(folder, "keyring.key"), key, { mode: 0o600 });
	const keyring = join(folder, "keyring.json");
	const secret = () => ({ key: Buffer.from(key) });
	const now = new Date();
	await createKeyring(keyring, secret(), { name: "key-file" }, now);
	await changeKeyring(keyring, secret(), addKey({ alias: "alias/all" }), now);
	const file = join(folder, "gateway.yaml");
	const credentials = `{ accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }`;
	writeFileSync(
		file,
		`listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "${store}", credentials: ${credentials}${more} }]
keys: [{ name: main, provider: keyring, path: keyring.json, keyFile: keyring.key }]
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/all } }] }]
`,
	);
	const { child, closed, until } = serve(file);
	const { address } = await until("listening");
	const pid = child.pid as number;
	return {
		endpoint: `http://${address}`,
		peak() {
			const status = readFileSync(`/proc/${pid}/status`, "utf8");
			const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(status) ?? [];
			return Math.round(Number(kibibytes) / 1024);
		},
		// proc(5), clear_refs: 5 resets the peak.
		forget: () => writeFileSync(`/proc/${pid}/clear_refs`, "5"),
		async close() {
			child.kill("SIGTERM");
			await closed;
			rmSync(folder, { recursive: true });
		},
	};
}
