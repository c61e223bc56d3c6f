/** Gateways in processes of their own: the demo's printed commands, and keyrings that change while they run. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	copyFileSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
	CreateBucketCommand,
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { disabled, enabled, findKey } from "../../src/keys/keyring.ts";
import { addKey } from "../../src/keys/keyring-changes.ts";
import {
	changeKeyring,
	createKeyring,
	openKeyring,
} from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import { auditEntries, auditSetting } from "../support/audit.ts";
import { run } from "./process.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sealgate-running-"));
t.teardown(() => rmSync(folder, { recursive: true }));

/** A process, and a promise of the next text on its stdout that matches. */
function start(...args: string[]) {
	const child: ChildProcess = spawn(process.execPath, [main, ...args], {
		cwd: folder,
		stdio: ["ignore", "pipe", "inherit"],
	});
	let seen = "";
	let look = (): void => {};
	child.stdout?.on("data", (chunk) => {
		seen += chunk;
		look();
	});
	/** What was printed up to and with the match is not looked at again. */
	const until = (pattern: RegExp): Promise<string> =>
		new Promise((resolve) => {
			look = () => {
				const found = pattern.exec(seen);
				if (found === null) return;
				look = () => {};
				const text = seen.slice(0, found.index + found[0].length);
				seen = seen.slice(text.length);
				resolve(text);
			};
			look();
		});
	const closed = new Promise((resolve) => child.on("close", resolve));
	const stop = async () => {
		child.kill("SIGTERM");
		return closed;
	};
	return { until, stop, hangUp: () => child.kill("SIGHUP") };
}

t.test("the demo's commands do what is printed beside them", async (t) => {
	const gateway = start("demo", "--port", "0");
	t.teardown(gateway.stop);
	const text = await gateway.until(/Ctrl-C ends it/);
	for (const name of ["keyring.json", "keyring.key"])
		t.equal(statSync(join(folder, ".sealgate/demo", name)).mode & 0o777, 0o600);
	const commands = text
		.split("\n")
		.filter((line) => /^ {2}(echo|curl|grep) /.test(line));
	t.equal(commands.length, 10);
	const output: string[] = [];
	for (const command of commands) {
		const done = await promisify(execFile)("bash", ["-c", command], {
			cwd: folder,
		}).catch((error) => error);
		output.push(String(done.stdout));
	}
	const [, , whole, plain, records, range, head, refused, explained] = output;
	t.equal(whole, "hello\n");
	t.match(plain, /:0$/m, "files are there");
	t.notMatch(plain, /:[1-9]/, "and none holds plaintext");
	t.match(records, /"x-amz-meta-sealgate":"/);
	t.equal(range, "hell");
	t.match(head, /content-length: 6\r/i);
	t.notMatch(head, /sealgate/i);
	t.match(refused, /AccessDenied/);
	t.match(explained, /"envelope"/);
	t.match(output.at(-1), /sealgate_build_info/);
});

t.test("a running gateway follows its keyring", async (t) => {
	const path = join(folder, "keyring.json");
	const hex = randomBytes(32);
	const secret = () => ({ key: Buffer.from(hex) });
	writeFileSync(join(folder, "keyring.key"), hex, { mode: 0o600 });
	const old = new Date(Date.now() - 2 * 86_400_000);
	const add = addKey({ alias: "alias/a", rotateEvery: 1 });
	await createKeyring(path, secret(), { name: "key-file" }, old);
	await changeKeyring(path, secret(), add, old);
	const keys = { accessKeyId: "APP", secretAccessKey: "app-secret-key" };
	const store = await startStore({ directory: join(folder, "store"), ...keys });
	t.teardown(() => store.close());
	writeFileSync(
		join(folder, "gateway.yaml"),
		`
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: APP, secretAccessKey: app-secret-key } }]
keys: [{ name: main, provider: keyring, path: keyring.json, keyFile: keyring.key }]
${auditSetting("audit")}
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/a } }] }]
limits: { drain: 1s }
`,
	);
	const gateway = start("serve", "--config", "gateway.yaml");
	t.teardown(gateway.stop);
	const told = await gateway.until(
		/"keys rotated"[\s\S]*"address":"[^"]+"|"address":"[^"]+"[\s\S]*"keys rotated"/,
	);
	const [, address] = /"address":"([^"]+)"/.exec(told) ?? [];
	const { ring } = await openKeyring(path, secret());
	t.equal(findKey(ring, "alias/a").versions.length, 2, "due, and rotated");
	// Its own change is seen, too, as one more.
	await gateway.until(/keyrings read again/);
	const client = new S3Client({
		endpoint: `http://${address}`,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: keys,
	});
	const at = { Bucket: "bucket", Key: "k" };
	await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
	await client.send(new PutObjectCommand({ ...at, Body: "hello" }));
	const get = () => client.send(new GetObjectCommand(at));
	const got = await get();
	t.equal(await got.Body?.transformToString(), "hello");

	copyFileSync(path, join(folder, "older.json"));
	const config = ["--config", "gateway.yaml"];
	await run(folder, "keys", "disable", "alias/a", ...config);
	await gateway.until(/keyrings read again/);
	await t.rejects(get(), { name: "KMS.DisabledException" }, "at once");

	const text = readFileSync(path);
	writeFileSync(path, text.subarray(0, 400));
	await gateway.until(/the keyring in use stays in force/);
	await t.rejects(get(), { name: "KMS.DisabledException" });
	copyFileSync(join(folder, "older.json"), path);
	t.match(
		await gateway.until(/"reason":"[^"]*".*the keyring in use stays in force/),
		/older generation/,
	);
	await t.rejects(get(), { name: "KMS.DisabledException" }, "no way back");
	gateway.hangUp();
	t.match(
		await gateway.until(/"reason":"[^"]*".*the old configuration stays/),
		/older generation/,
		"nor by a reload of everything",
	);
	writeFileSync(path, text);
	await changeKeyring(
		path,
		secret(),
		({ ring }) => disabled(ring, "alias/a"),
		new Date(),
	);
	await changeKeyring(
		path,
		secret(),
		({ ring }) => enabled(ring, "alias/a"),
		new Date(),
	);
	await gateway.until(/keyrings read again/);
	for (;;) {
		const again = await get().catch(() => undefined);
		if (again === undefined) {
			await gateway.until(/keyrings read again/);
			continue;
		}
		t.equal(await again.Body?.transformToString(), "hello");
		break;
	}
	await gateway.stop();
	const commands = await auditEntries(join(folder, "audit"), "command");
	t.match(
		commands.find(({ command }) => command === "keys rotate"),
		{ user: "gateway" },
	);
	t.ok(commands.some(({ command }) => command === "keys disable"));
});
