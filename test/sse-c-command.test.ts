/** The keys of `sse-c: inject` outside of requests: the command that prints one, and every output that may not. */
import { spawn } from "node:child_process";
import { createHash, createSecretKey } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { deriveKey } from "../plugins/sse-c/derive.ts";
import { customerKeyHeaders } from "../src/s3/customer-key.ts";
import { sendRaw } from "./policies/wire.ts";
import { auditEntries, auditSetting } from "./support/audit.ts";
import { aws, keepEncrypted } from "./support/sse-c-store.ts";
import { caFile, startTestStore } from "./support/store.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sealgate-sse-c-"));
t.teardown(() => rmSync(folder, { recursive: true }));
const secrets = [
	"canary-newest-secret-of-32-bytes-or-more",
	"canary-older-secret-of-32-bytes-or-more",
];
const keyName = "x-amz-server-side-encryption-customer-key";

function keyOf(bucket: string, key: string, index = 0) {
	const secret = createSecretKey(Buffer.from(secrets[index] as string));
	return customerKeyHeaders(deriveKey(secret, bucket, key), "object");
}

function configured(
	name: string,
	endpoint = "https://store.test",
	extra = "",
): string {
	const file = join(folder, `${name}.yaml`);
	writeFileSync(join(folder, "object.key"), Buffer.alloc(32, 5));
	writeFileSync(
		file,
		`listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${endpoint}", credentials: { accessKeyId: A, secretAccessKey: B }, tls: { ca: "${caFile}" } }
routes:
  - { name: photos, match: { bucket: photos }, upstream: store, policies: [{ sse-c: { mode: inject, secrets: ["${secrets.join('", "')}"], plainHttp: loopback } }] }
  - { name: file, match: { bucket: file }, upstream: store, policies: [{ sse-c: { mode: inject, keyFile: object.key } }] }
  - { name: rest, match: {}, upstream: store, policies: [{ sse-c: { mode: strip } }] }
${extra}`,
	);
	return file;
}

const audit = join(folder, "audit");
const config = configured("gateway", undefined, auditSetting(audit));

async function run(...args: string[]) {
	const child = spawn(process.execPath, ["src/main.ts", ...args], {
		cwd: root,
		stdio: ["ignore", "pipe", "pipe"],
	});
	let [out, err] = ["", ""];
	child.stdout.on("data", (chunk: Buffer) => (out += chunk));
	child.stderr.on("data", (chunk: Buffer) => (err += chunk));
	const code = await new Promise<number | null>((resolve) =>
		child.on("close", resolve),
	);
	return { code, out, err };
}

const ask = (target: string, ...more: string[]) =>
	run("sse-c", "key", target, "--config", config, ...more);

t.test(
	"a key is printed only to who says so, after it is recorded",
	async (t) => {
		const unsaid = await ask("s3://photos/a");
		t.equal(unsaid.code, 2);
		t.equal(unsaid.out, "");
		t.match(unsaid.err, /whoever reads it.*Say --reveal/);
		t.throws(() => statSync(audit), "nothing was used, nothing is recorded");

		const said = await ask("s3://photos/raw/ä b//c", "--reveal");
		t.equal(said.code, 0);
		t.strictSame(
			Object.fromEntries(
				said.out
					.trim()
					.split("\n")
					.map((line) => line.split(": ")),
			),
			keyOf("photos", "raw/ä b//c"),
		);
		t.match(
			said.err,
			/--sse-c-key fileb:\/\/object\.key 's3:\/\/photos\/raw\/ä b\/\/c' object/,
		);
		const [record, ...others] = await auditEntries(audit);
		t.same(others, []);
		t.match(record, {
			version: 1,
			time: /^\d{4}-\d\d-\d\dT.*Z$/,
			command: "sse-c key",
			user: /./,
			bucket: "photos",
			key: "raw/ä b//c",
			route: "photos",
			upstream: "store",
			keyIndex: 0,
			outcome: "success",
		});
		t.notMatch(
			JSON.stringify(record),
			keyOf("photos", "raw/ä b//c")[keyName] as string,
		);
	},
);

t.test("older keys, key files, and JSON", async (t) => {
	const older = await ask(
		"s3://photos/a",
		"--reveal",
		"--json",
		"--secret-index",
		"1",
	);
	t.strictSame(JSON.parse(older.out), {
		bucket: "photos",
		key: "a",
		route: "photos",
		upstream: "store",
		index: 1,
		headers: keyOf("photos", "a", 1),
	});
	t.equal(older.err, "");
	const fixed = await ask("s3://file/any", "--reveal", "--json");
	t.strictSame(
		JSON.parse(fixed.out).headers,
		customerKeyHeaders(Buffer.alloc(32, 5), "object"),
	);
});

t.test(
	"no key where there is none, and none that is not recorded",
	async (t) => {
		const other = await ask("s3://other/a", "--reveal");
		t.equal(other.code, 1);
		t.match(other.err, /route "rest", which has no sse-c: inject/);
		const third = await ask("s3://photos/a", "--reveal", "--secret-index", "2");
		t.equal(third.code, 1);
		t.match(third.err, /--secret-index 0 to 1/);
		for (const args of [
			["photos/a"],
			["s3://photos/a", "--secret-index", "x"],
		]) {
			const wrong = await ask(args[0] as string, "--reveal", ...args.slice(1));
			t.equal(wrong.code, 2, args.join(" "));
			t.equal(wrong.out, "");
		}
		writeFileSync(join(folder, "taken"), "");
		const unwritable = configured(
			"unwritable",
			undefined,
			auditSetting(join(folder, "taken")),
		);
		const refused = await run(
			"sse-c",
			"key",
			"s3://photos/a",
			"--config",
			unwritable,
			"--reveal",
		);
		t.equal(refused.code, 1);
		t.equal(refused.out, "");
		const unrecorded = await run(
			"sse-c",
			"key",
			"s3://photos/a",
			"--config",
			configured("none"),
			"--reveal",
		);
		t.equal(unrecorded.code, 0);
		t.match(unrecorded.err, /not recorded anywhere/);
	},
);

t.test(
	"check tells by line and path what cannot work where it stands",
	async (t) => {
		const plain = configured("plain", "http://127.0.0.1:1");
		const { code, out } = await run("check", plain);
		t.equal(code, 1);
		const reason =
			'inject sends keys, and upstream "store" is reached without TLS: its endpoint must be https';
		for (const [index, line] of [
			[0, 6],
			[1, 7],
		]) {
			t.match(
				out.split("\n")[index as number],
				new RegExp(
					`plain\\.yaml:${line}:\\d+ routes\\[${index}\\]\\.policies\\[0\\]\\.sse-c: ${reason}$`,
				),
			);
		}
		const faults = JSON.parse((await run("check", plain, "--json")).out).faults;
		t.match(faults[0], { path: "routes[0].policies[0].sse-c", line: 6 });
	},
);

t.test("explain covers keys, and says that they would be set", async (t) => {
	const explained = await run(
		"explain",
		"PUT",
		"s3://photos/a",
		"--config",
		config,
	);
	t.match(explained.out, `sets       ${keyName}: [redacted]`);
	t.match(
		explained.out,
		"sets       x-amz-server-side-encryption-customer-algorithm: AES256",
	);
	t.match(explained.out, '"secrets":"[redacted]"');
	t.notMatch(explained.out + explained.err, /canary/);
	t.notMatch(explained.out, keyOf("photos", "a")[keyName] as string);
});

t.test("a key and its secret appear in no output of a gateway", async (t) => {
	const store = await startTestStore(keepEncrypted(aws), true);
	t.teardown(() => store.close());
	const log = join(folder, "canary-audit");
	const file = configured(
		"canary",
		store.endpoint,
		`admin: 127.0.0.1:0\n${auditSetting(log)}\ntelemetry: { logLevel: debug }`,
	);
	const child = spawn(
		process.execPath,
		["src/main.ts", "serve", "--config", file],
		{
			cwd: root,
			stdio: ["ignore", "pipe", "pipe"],
		},
	);
	let told = "";
	const listening = new Promise<{ address: string; admin: string }>(
		(resolve) => {
			for (const stream of [child.stdout, child.stderr])
				stream.on("data", (chunk: Buffer) => {
					told += chunk;
					const line = told
						.split("\n")
						.find((line) => line.includes('"listening"'));
					if (line !== undefined) resolve(JSON.parse(line));
				});
		},
	);
	const closed = new Promise((resolve) => child.on("close", resolve));
	const { address, admin } = await listening;
	const own = customerKeyHeaders(Buffer.alloc(32, 3), "object");
	const shown: string[] = [];
	const send = async (
		method: string,
		target: string,
		headers = {},
		body?: string,
	) => {
		const raw = {
			method,
			target,
			headers,
			...(body === undefined ? {} : { body }),
		};
		shown.push(JSON.stringify(await sendRaw(`http://${address}`, raw)));
	};
	await send("PUT", "/photos/a", {}, "content");
	await send("GET", "/photos/a");
	await send("GET", "/photos/none");
	await send("PUT", "/photos/a", own, "content");
	await send("GET", "/photos/a", { ...own, [`${keyName}-md5`]: "wrong" });
	await send("GET", "/rest/a", own);
	await send("PUT", "/photos/b", { "x-amz-copy-source": "/photos/a" });
	await send("GET", "/rest/a");
	for (const path of [
		"/config",
		"/metrics",
		"/readyz",
		"/explain?method=GET&target=s3://photos/a",
	])
		shown.push(await (await fetch(`http://${admin}${path}`)).text());
	child.kill("SIGTERM");
	await closed;
	const everything = [
		told,
		...shown,
		JSON.stringify(await auditEntries(log)),
	].join("\n");
	t.match(
		everything,
		'"operation":"CopyObject"',
		"there is something to look at",
	);
	const seen = store.requests.filter(
		({ headers }) => headers[keyName] !== undefined,
	);
	t.ok(seen.length >= 4, "keys were used");
	const keys = [
		own,
		keyOf("photos", "a"),
		keyOf("photos", "b"),
		keyOf("photos", "a", 1),
	].map((headers) => Buffer.from(headers[keyName] as string, "base64"));
	for (const key of keys) {
		const md5 = createHash("md5").update(key).digest();
		for (const form of ["base64", "hex", "base64url"] as const) {
			t.notOk(everything.includes(key.toString(form)));
			t.notOk(everything.includes(md5.toString(form)));
		}
	}
	t.notOk(/canary-(newest|older)-secret/.test(everything));
});
