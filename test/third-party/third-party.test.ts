/** A plugin that knows Sealgate by its package alone: installed, tested, loaded and run as a user would. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import t from "tap";
import type { Plugin } from "../../src/index.ts";
import type * as kit from "../../src/testing.ts";
import { startTestStore } from "../support/store.ts";
import { install } from "./install.ts";

const name = "sealgate-plugin-watermark";
const installed = install(fileURLToPath(new URL(name, import.meta.url)));
t.teardown(() => installed.remove());

const file = join(installed.folder, "gateway.yaml");
const configuration = (endpoint: string, policy: string) => `
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${endpoint}", credentials: { accessKeyId: UP, secretAccessKey: up-secret } }
routes:
  - { name: all, match: {}, upstream: store, policies: [${policy}] }
`;

function run(...args: string[]): { status: number | null; output: string } {
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[installed.command, ...args],
		{ cwd: installed.folder, encoding: "utf8" },
	);
	return { status, output: stdout + stderr };
}

t.test("the testing kit runs it, from the installed package", async (t) => {
	const require = createRequire(file);
	const load = (path: string) => import(pathToFileURL(path).href);
	const { watermark }: { watermark: Plugin } = await load(
		require.resolve(name),
	);
	const { setUp }: typeof kit = await load(
		join(installed.folder, "node_modules/sealgate/dist/src/testing.js"),
	);
	const policy = await setUp(watermark, { owner: "accounting" });
	const mark = "x-amz-meta-written-by";
	for (const operation of ["PutObject", "CreateMultipartUpload"] as const) {
		const { upstream } = await policy.send({ operation, client: "app" });
		t.strictSame(
			[...(upstream?.headers ?? [])],
			[[mark, "app for accounting"]],
		);
		const { refused } = await policy.send({
			operation,
			headers: { [mark]: "x" },
		});
		t.equal(refused?.code, "policy-refused");
	}
	const { response } = await policy.send({ operation: "GetObject" });
	t.equal(response?.headers.get("x-owned-by"), "accounting");
	const { upstream } = await policy.send({ operation: "UploadPart" });
	t.equal(upstream?.headers.size, 0);
	await t.rejects(setUp(watermark, { owner: "a\r\nb" }), { name: "ZodError" });
});

t.test("a route names it by its package, or by its path", async (t) => {
	for (const named of [name, `./node_modules/${name}/index.js`]) {
		const policy = `{ "${named}": { owner: accounting } }`;
		writeFileSync(file, configuration("http://127.0.0.1:9", policy));
		t.match(run("check", file), { status: 0 });
		t.match(run("explain", "PUT", "s3://bucket/key", "--config", file), {
			status: 0,
			output:
				/policy {5}watermark [\s\S]*sets {7}x-amz-meta-written-by: \S+ for accounting/,
		});
	}
	writeFileSync(
		file,
		configuration("http://127.0.0.1:9", `{ ${name}: { owner: "!" } }`),
	);
	t.match(run("check", file), {
		status: 1,
		output:
			/gateway\.yaml:7:\d+ routes\[0\]\.policies\[0\]\.sealgate-plugin-watermark\.owner: /,
	});
});

/** The address that the gateway says it listens on. */
async function listening(gateway: ChildProcess): Promise<string> {
	if (gateway.stdout === null) throw new TypeError("no output to read");
	for await (const line of createInterface(gateway.stdout)) {
		const { msg, address } = JSON.parse(line);
		if (msg === "listening") return address;
	}
	throw new Error("the gateway ended before it listened");
}

t.test("a gateway runs it, and answers its refusals as S3 does", async (t) => {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const policy = `{ ${name}: { owner: accounting } }`;
	writeFileSync(file, configuration(store.endpoint, policy));
	const gateway = spawn(
		process.execPath,
		[installed.command, "serve", "--config", file],
		{ stdio: ["ignore", "pipe", "inherit"] },
	);
	const closed = new Promise((resolve) => gateway.on("close", resolve));
	t.teardown(() => void gateway.kill("SIGKILL"));
	const url = `http://${await listening(gateway)}/bucket/key`;

	const put = await fetch(url, { method: "PUT", body: "content" });
	t.equal(put.status, 200);
	t.equal(
		store.requests[0]?.headers["x-amz-meta-written-by"],
		"trusted for accounting",
	);
	const get = await fetch(url);
	t.equal(get.headers.get("x-owned-by"), "accounting");
	t.equal(await get.text(), "content");
	const refused = await fetch(url, {
		method: "PUT",
		body: "content",
		headers: { "x-amz-meta-written-by": "me" },
	});
	t.equal(refused.status, 403);
	t.match(
		await refused.text(),
		/<Code>AccessDenied<\/Code><Message>Access Denied: x-amz-meta-written-by is written by the gateway alone\.</,
	);
	t.equal(store.requests.length, 2, "what is refused never reaches the store");
	gateway.kill("SIGTERM");
	t.equal(await closed, 0);
});
