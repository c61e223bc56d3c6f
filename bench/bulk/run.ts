/** Objects a second, memory and key provider calls of scan, rewrap and encrypt over many small objects on the embedded store. */

import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	CreateBucketCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { startStore } from "../../src/store/store.ts";

const objects = Number(process.argv[2] ?? 10_000);
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sealgate-bench-bulk-"));
const keys = {
	accessKeyId: "BENCHACCESSKEY",
	secretAccessKey: "bench-secret-key",
};
const Bucket = "bench";
const store = await startStore({ directory: join(folder, "store"), ...keys });
const signingKey = generateKeyPairSync("ed25519")
	.privateKey.export({ format: "pem", type: "pkcs8" })
	.toString();
const s3 = new S3Client({
	endpoint: store.endpoint,
	region: "us-east-1",
	forcePathStyle: true,
	credentials: keys,
});
writeFileSync(
	join(folder, "config.yaml"),
	`listen: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${keys.accessKeyId}, secretAccessKey: ${keys.secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: ${keys.accessKeyId}, secretAccessKey: ${keys.secretAccessKey} } }]
keys: [{ name: main, provider: keyring, path: keyring.json, passphrase: "a passphrase of the bench" }]
audit: ${JSON.stringify({ signingKey, sinks: [{ file: "audit" }] })}
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/bench } }] }]
`,
);
await s3.send(new CreateBucketCommand({ Bucket }));
const Body = Buffer.alloc(1_024, "small ");
let next = 0;
await Promise.all(
	Array.from({ length: 16 }, async () => {
		while (next < objects) {
			const Key = `k/${String(next++).padStart(7, "0")}`;
			await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
		}
	}),
);
await command("keys", "create", "alias/bench");
const target = `s3://${Bucket}/k/`;
await measured("scan", target);
await measured("encrypt", target);
await command("keys", "rotate", "alias/bench");
await measured("rewrap", target, "--to", "alias/bench");
s3.destroy();
await store.close();
rmSync(folder, { recursive: true });

/** @returns seconds, and the most memory in MiB */
function command(
	...args: string[]
): Promise<{ seconds: number; most: number; status: number | null }> {
	const began = performance.now();
	const child = spawn(
		process.execPath,
		[main, ...args, "--config", "config.yaml"],
		{
			cwd: folder,
			stdio: ["ignore", "ignore", "inherit"],
		},
	);
	let most = 0;
	const look = setInterval(() => {
		const [, size] = /VmHWM:\s+(\d+)/.exec(statusOf(child.pid)) ?? [];
		most = Math.max(most, Number(size ?? 0) / 1_024);
	}, 200);
	return new Promise((resolve) =>
		child.on("close", (status) => {
			clearInterval(look);
			resolve({ seconds: (performance.now() - began) / 1_000, most, status });
		}),
	);
}

function statusOf(pid: number | undefined): string {
	try {
		return readFileSync(`/proc/${pid}/status`, "utf8");
	} catch {
		return "";
	}
}

async function measured(...args: string[]): Promise<void> {
	const before = providerCalls();
	const { seconds, most, status } = await command(...args);
	console.log(
		`${args[0]}: status ${status}, ${objects} objects, ${seconds.toFixed(1)} s, ${(objects / seconds).toFixed(0)} objects/s, ${most.toFixed(0)} MiB, ${providerCalls() - before} wrapping keys from the provider`,
	);
}

function providerCalls(): number {
	const log = join(folder, "audit", "bulk-0");
	try {
		return readdirSync(log)
			.filter((name) => name.startsWith("segment-"))
			.map((name) => readFileSync(join(log, name), "utf8"))
			.reduce(
				(sum, text) => sum + text.split('"from":"provider"').length - 1,
				0,
			);
	} catch {
		return 0;
	}
}
