import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../../src/config/load.ts";
import { redactConfig } from "../../src/config/redact.ts";
import { ask, signed } from "../support/ask.ts";
import {
	configuration,
	loadTestConfig,
	startTestGateway,
} from "../support/gateway.ts";
import { keepObjects, startTestStore } from "../support/store.ts";

/** The configuration with other clients. */
function withClients(endpoint: string, clients: string, extra = ""): string {
	return configuration(endpoint, undefined, extra).replace(
		/clients:\n.*\n/,
		`clients:\n${clients}\n`,
	);
}

async function setUp(t: Tap.Test, clients: string, extra = "") {
	const store = await startTestStore(keepObjects());
	const gateway = await startTestGateway(
		withClients(store.endpoint, clients, extra),
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const get = (
		accessKeyId: string,
		secretAccessKey: string,
		sessionToken?: string,
	) =>
		ask(
			gateway.address,
			signed(
				gateway.address,
				{ target: "/bucket/key" },
				{ accessKeyId, secretAccessKey, sessionToken },
			),
		);
	return { store, gateway, get };
}

declare namespace Tap {
	type Test = { teardown(action: () => Promise<void> | void): void };
}

t.test(
	"a client may sign with any of its secrets and any of its access keys",
	async (t) => {
		const { gateway, get } = await setUp(
			t,
			`  - { name: app, accessKeyId: A, secretAccessKey: [old, new], keys: [{ accessKeyId: B, secretAccessKey: b }] }
  - { name: other, keys: [{ accessKeyId: C, secretAccessKey: [c] }] }`,
		);
		for (const [id, secret, status] of [
			["A", "old", 404],
			["A", "new", 404],
			["B", "b", 404],
			["C", "c", 404],
			["A", "b", 403],
			["B", "new", 403],
		] as const) {
			t.equal((await get(id, secret)).status, status, `${id} ${secret}`);
		}
		t.strictSame(
			gateway.outcomes.map(({ exchange: { findings } }) => findings.client),
			["app", "app", "app", "other", undefined, undefined],
		);
		const refused = (await get("A", "wrong")).text;
		t.match(refused, /SignatureDoesNotMatch/);
		t.notMatch(refused, /old|new/);
	},
);

t.test(
	"a temporary key needs its own session token, and none travels on",
	async (t) => {
		const { store, get } = await setUp(
			t,
			`  - { name: temp, accessKeyId: T, secretAccessKey: t, sessionToken: the-token }
  - { name: app, accessKeyId: A, secretAccessKey: a }`,
		);
		t.equal((await get("T", "t", "the-token")).status, 404);
		t.equal(store.requests.length, 1);
		const [left] = store.requests;
		t.notMatch(JSON.stringify(left), /the-token|x-amz-security-token/);
		const missing = await get("T", "t");
		t.equal(missing.status, 403);
		t.match(
			missing.text,
			/InvalidAccessKeyId.*send it as x-amz-security-token/s,
		);
		const other = await get("T", "t", "another");
		t.equal(other.status, 400);
		t.match(other.text, /InvalidToken/);
		t.notMatch(other.text, /the-token/);
		const superfluous = await get("A", "a", "some");
		t.match(superfluous.text, /InvalidToken.*configure sessionToken/s);
		const unknown = await get("X", "x", "some");
		t.equal(unknown.status, 403);
		t.match(
			unknown.text,
			/InvalidAccessKeyId.*configure a key for this client.*authentication: trust/s,
		);
		const forged = await get("T", "wrong", "another");
		t.match(forged.text, /SignatureDoesNotMatch/);
		t.equal(store.requests.length, 1);
	},
);

t.test(
	"a secret that is renewed in its file holds without a restart, on the connection that was there",
	async (t) => {
		const folder = mkdtempSync(join(tmpdir(), "sealgate-"));
		const store = await startTestStore(keepObjects());
		const file = join(folder, "gateway.yaml");
		const secret = join(folder, "secret");
		writeFileSync(secret, "first\n");
		writeFileSync(
			file,
			withClients(
				store.endpoint,
				`  - { name: app, accessKeyId: A, secretAccessKey: ["\${file:secret}", standby] }`,
			),
		);
		const load = () => loadConfig(file, {}, plugins);
		const gateway = await startTestGateway(await load());
		const agent = new Agent({ keepAlive: true, maxSockets: 1 });
		t.teardown(async () => {
			agent.destroy();
			await gateway.close();
			await store.close();
			rmSync(folder, { recursive: true });
		});
		const get = (secretAccessKey: string) =>
			ask(gateway.address, {
				...signed(
					gateway.address,
					{ target: "/bucket/key" },
					{ accessKeyId: "A", secretAccessKey },
				),
				agent,
			});
		const before = await get("first");
		t.equal(before.status, 404);
		writeFileSync(`${secret}.new`, "second\n");
		renameSync(`${secret}.new`, secret);
		await gateway.reload(load);
		const after = await get("second");
		t.equal(after.status, 404);
		t.equal(after.port, before.port);
		t.equal((await get("first")).status, 403);
		t.equal((await get("standby")).status, 404);
	},
);

t.test(
	"unsigned requests are the anonymous client's: its limits hold, and they leave unsigned",
	async (t) => {
		const { store, gateway, get } = await setUp(
			t,
			`  - { name: app, accessKeyId: A, secretAccessKey: a }
  - { name: public, anonymous: true, buckets: [open], prefixes: [pub/], verbs: [GET, PUT] }`,
			", integrity: signed-chunks",
		);
		const put = await ask(gateway.address, {
			method: "PUT",
			target: "/open/pub/a",
			body: "hello",
		});
		t.equal(put.status, 200);
		const [left] = store.requests;
		t.equal(left?.headers.authorization, undefined);
		t.equal(left?.headers["x-amz-date"], undefined);
		t.equal(left?.body.toString(), "hello");
		t.equal(
			(await ask(gateway.address, { target: "/open/pub/a" })).text,
			"hello",
		);
		t.equal(gateway.outcomes[0]?.exchange.findings.client, "public");
		for (const refused of [
			{ target: "/closed/pub/a" },
			{ target: "/open/private/a" },
			{ method: "DELETE", target: "/open/pub/a" },
		]) {
			const answer = await ask(gateway.address, refused);
			t.equal(answer.status, 403, refused.target);
			t.match(answer.text, /this client may not use/);
		}
		const signedChunks = await ask(gateway.address, {
			method: "PUT",
			target: "/open/pub/b",
			headers: {
				"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
				"x-amz-decoded-content-length": "0",
			},
			body: `0;chunk-signature=${"0".repeat(64)}\r\n\r\n`,
		});
		t.equal(signedChunks.status, 400);
		t.match(signedChunks.text, /this one is not signed/);
		t.equal(store.requests.length, 2);
		t.equal((await get("A", "a")).status, 404);
		t.match(store.requests[2]?.headers.authorization, /Credential=UP\//);
	},
);

t.test(
	"a framed body that leaves unsigned says how it is framed",
	async (t) => {
		const { store, gateway } = await setUp(
			t,
			"  - { name: public, anonymous: true }",
		);
		const put = await ask(gateway.address, {
			method: "PUT",
			target: "/open/a",
			body: "hello",
		});
		t.equal(put.status, 200);
		t.equal(
			store.requests[0]?.headers["x-amz-content-sha256"],
			"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		);
		t.equal((await ask(gateway.address, { target: "/open/a" })).text, "hello");
	},
);

t.test(
	"without an anonymous client unsigned requests are refused",
	async (t) => {
		const { store, gateway } = await setUp(
			t,
			"  - { name: app, accessKeyId: A, secretAccessKey: a }",
		);
		const answer = await ask(gateway.address, { target: "/bucket/key" });
		t.equal(answer.status, 403);
		t.match(answer.text, /<Code>AccessDenied/);
		t.equal(store.requests.length, 0);
	},
);

t.test("no secret of a client is shown by /config", async (t) => {
	const loaded = await loadTestConfig(
		withClients(
			"http://127.0.0.1:9",
			"  - { name: a, accessKeyId: A, secretAccessKey: [canary1, canary2], sessionToken: canary3, keys: [{ accessKeyId: B, secretAccessKey: canary4, sessionToken: canary5 }] }",
		),
	);
	const shown = JSON.stringify(redactConfig(loaded));
	t.match(shown, /"accessKeyId":"B"/);
	t.notMatch(shown, /canary/);
});

t.test("clients that cannot be are faults, each with its place", async (t) => {
	for (const [clients, fault] of [
		["  - { name: a }", /clients\[0\]: a client needs accessKeyId/],
		["  - { name: a, accessKeyId: A }", /go together/],
		[
			"  - { name: a, sessionToken: s, keys: [{ accessKeyId: A, secretAccessKey: s }] }",
			/sessionToken goes with/,
		],
		[
			"  - { name: a, anonymous: true, accessKeyId: A, secretAccessKey: s }",
			/clients\[0\]: an anonymous client signs nothing/,
		],
		[
			"  - { name: a, anonymous: true }\n  - { name: b, anonymous: true }",
			/clients\[1\]\.anonymous: one client may be anonymous/,
		],
		[
			"  - { name: a, accessKeyId: A, secretAccessKey: s }\n  - { name: b, keys: [{ accessKeyId: A, secretAccessKey: s }] }",
			/clients\[1\]\.keys\[0\]\.accessKeyId: "A" is there already/,
		],
	] as const) {
		await t.rejects(
			loadTestConfig(withClients("http://127.0.0.1:9", clients)),
			{
				message: fault,
			},
		);
	}
	await t.rejects(
		loadTestConfig(
			withClients(
				"http://127.0.0.1:9",
				"  - { name: a, anonymous: true }",
			).replace(
				"{ accessKeyId: UP, secretAccessKey: up-secret }",
				"{ clients: { a: { accessKeyId: UP, secretAccessKey: up-secret } } }",
			),
		),
		{ message: /leave unsigned: remove its credentials from upstream "store"/ },
	);
});
