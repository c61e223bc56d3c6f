/** What no worker can serve ends the gateway, with a sentence and exit status 1. */
import { rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { run } from "../cli/process.ts";
import { startTestStore } from "../support/store.ts";
import { startWorkers, trusting } from "../support/workers.ts";

t.test("a port that is taken", async (t) => {
	const other = createServer();
	await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
	t.teardown(() => other.close());
	const { port } = other.address() as AddressInfo;
	const folder = t.testdir({
		"gateway.yaml": `workers: 2\nlisten: 127.0.0.1:${port}\n${trusting("http://127.0.0.1:1")}`,
	});
	const ended = await run(folder, "serve", "--config", "gateway.yaml");
	t.equal(ended.status, 1);
	t.match(ended.stderr, /^127\.0\.0\.1:\d+ is in use by another program/);
});

t.test("a keyring that is not there", async (t) => {
	const keys = `keys: [{ name: main, provider: keyring, path: none.json, passphrase: long-enough-for-a-test }]`;
	const folder = t.testdir({
		"gateway.yaml": `workers: 2\nlisten: 127.0.0.1:0\n${trusting("http://127.0.0.1:1", keys)}`,
	});
	const ended = await run(folder, "serve", "--config", "gateway.yaml");
	t.equal(ended.status, 1);
	t.match(ended.stderr, /none\.json/);
});

t.test("workers that end as often as they begin", async (t) => {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const folder = t.testdir({
		"plugin.mjs": `
import { existsSync } from "node:fs";
import { definePlugin, z } from "${new URL("../../src/index.ts", import.meta.url)}";
export const fragile = definePlugin({
	api: 1, name: "fragile", effects: [], options: z.strictObject({}),
	setup() {
		if (existsSync(new URL("broken", import.meta.url))) process.exit(7);
		return { operations: [], handle: (request, next) => next(request) };
	},
});
`,
	});
	const yaml = trusting(store.endpoint).replace(
		"upstream: store }]",
		`upstream: store, policies: [{ "${join(folder, "plugin.mjs")}": {} }] }]`,
	);
	const gateway = await startWorkers(t, yaml);
	writeFileSync(join(folder, "broken"), "");
	t.teardown(() => rmSync(join(folder, "broken"), { force: true }));
	process.kill(gateway.pid(2), "SIGKILL");
	t.equal(await gateway.closed, 1);
	const ended = gateway.lines.findLast(({ msg }) => msg === "the gateway ends");
	t.match(
		ended?.reason,
		"worker 2 ends as often as it begins: it ended with status 7",
	);
	const pids = gateway.lines.filter(({ msg }) => msg === "a worker ended");
	t.ok(pids.length >= 5);
});
