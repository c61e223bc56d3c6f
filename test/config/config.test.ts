import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { plugins } from "../../plugins/index.ts";
import { jsonSchema } from "../../src/config/json-schema.ts";
import { ConfigFaults, loadConfig } from "../../src/config/load.ts";
import { redactConfig } from "../../src/config/redact.ts";
import { checkStack } from "../../src/config/stack.ts";
import { definePlugin, z } from "../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-config-"));
t.teardown(() =>
	import("node:fs").then(({ rmSync }) => rmSync(folder, { recursive: true })),
);

const good = `listen: 127.0.0.1:9000
authentication: verify
clients:
  - { name: app, accessKeyId: AK, secretAccessKey: "\${env:SECRET}" }
upstreams:
  - { name: one, endpoint: "http://127.0.0.1:1", credentials: { accessKeyId: U, secretAccessKey: "\${file:secret}" } }
  - { name: two, endpoint: "https://s3.example:9000" }
routes:
  - { name: photos, match: { bucket: "photos-*" }, upstream: two, policies: [{ sse-kms: { keyId: k } }] }
  - { name: rest, match: {}, upstream: one }
`;
writeFileSync(join(folder, "secret"), "canary-file\n");

async function load(text: string) {
	const file = join(folder, "config.yaml");
	writeFileSync(file, text);
	return loadConfig(file, { SECRET: "canary-env" }, plugins);
}

async function faultsOf(text: string): Promise<string> {
	try {
		await load(text);
	} catch (error) {
		if (error instanceof ConfigFaults) return error.message;
		throw error;
	}
	return "";
}

t.test(
	"a good configuration is typed, defaulted, and holds its secrets",
	async (t) => {
		const loaded = await load(good);
		const { config, policies, files } = loaded;
		t.strictSame(config.clients[0]?.secretAccessKey, ["canary-env"]);
		t.match(config.upstreams[0]?.credentials, {
			secretAccessKey: "canary-file",
		});
		t.equal(config.upstreams[1]?.integrity, "trailer");
		t.equal(config.limits.objectBytes, 5 * 1024 ** 3);
		t.equal(config.limits.headerTime, 10_000);
		t.match(policies.get("photos"), [
			{ options: { mode: "override", keyId: "k" } },
		]);
		t.equal(files.length, 2);
		t.notMatch(JSON.stringify(redactConfig(loaded)), /canary/);
	},
);

t.test("confirming options are checked where they stand", async (t) => {
	const faults = (policy: string) =>
		faultsOf(good.replace("{ sse-kms: { keyId: k } }", policy));
	const arn = "arn:aws:kms:eu-central-1:111122223333:alias/a";
	for (const [policy, expected] of [
		["{ sse-kms: { keyId: alias/a, confirm: true, expectKey: k } }", /^$/],
		["{ sse-kms: { keyId: alias/a, confirm: true, expectKey: [k, l] } }", /^$/],
		["{ sse-kms: { keyId: k, confirm: true, onUnconfirmed: delete } }", /^$/],
		["{ sse-kms: { keyId: alias/a } }", /^$/],
		["{ sse-s3: { confirm: true, onUnconfirmed: keep } }", /^$/],
		[
			"{ sse-kms: { keyId: alias/a, confirm: true } }",
			/config.yaml:9:\d+ routes\[0\]\.policies\[0\]\.sse-kms\.expectKey: is required: keyId alias\/a is an alias/,
		],
		[
			`{ sse-kms: { keyId: "${arn}", confirm: true } }`,
			/sse-kms\.expectKey: is required/,
		],
		[
			"{ sse-kms: { keyId: k, expectKey: k } }",
			/sse-kms\.expectKey: means nothing without confirm: true/,
		],
		[
			"{ sse-s3: { onUnconfirmed: delete } }",
			/sse-s3\.onUnconfirmed: means nothing without confirm: true/,
		],
		[
			'{ sse-kms: { keyId: k, confirm: true, expectKey: [k, "a b"] } }',
			/sse-kms\.expectKey\[1\]: printable ASCII without spaces/,
		],
		[
			"{ sse-kms: { keyId: k, confirm: true, expectKey: [] } }",
			/sse-kms\.expectKey: at least one key/,
		],
		[
			"{ sse-kms: { keyId: k, confirm: true, expectKey: 7 } }",
			/sse-kms\.expectKey: one key, or a list of keys/,
		],
		["{ sse-s3: { confirm: true, expectKey: k } }", /expectKey/],
	] as const)
		t.match(await faults(policy), expected, policy);
});

t.test(
	"each fault is told with its line and its path, and no secret",
	async (t) => {
		const cases: [string, string, RegExp][] = [
			[
				"an unknown name",
				good.replace("listen:", "lisen:"),
				/yaml:1:1 .*lisen/,
			],
			[
				"an address",
				good.replace("127.0.0.1:9000", "nowhere"),
				/yaml:1:9 listen: host:port/,
			],
			[
				"an unknown upstream",
				good.replace("upstream: one", "upstream: three"),
				/yaml:10:\d+ routes\[1\]\.upstream: no upstream is named "three"/,
			],
			[
				"a missing variable",
				good.replace("env:SECRET", "env:NONE"),
				/yaml:4:\d+ the environment has no variable NONE/,
			],
			[
				"a missing file",
				good.replace("file:secret", "file:none"),
				/yaml:6:\d+ the file none cannot be read/,
			],
			[
				"a bad option",
				good.replace("keyId: k", "keyid: k"),
				/yaml:9:\d+ routes\[0\]\.policies\[0\]\.sse-kms: .*keyid/,
			],
			[
				"an unknown policy",
				good.replace("sse-kms:", "sse-kmz:"),
				/routes\[0\]\.policies\[0\]\.sse-kmz: no policy is named "sse-kmz"/,
			],
			[
				"a plugin that is not there",
				good.replace("sse-kms:", "./none.js:"),
				/cannot be loaded/,
			],
			[
				"no catch-all",
				good.replace("match: {}", "match: { prefix: a }"),
				/the last route must match everything/,
			],
			[
				"a route never reached",
				good.replace(
					"  - { name: rest",
					"  - { name: more, match: { bucket: photos-1 }, upstream: two }\n  - { name: rest",
				),
				/never reached: route "photos"/,
			],
			[
				"a bucket torn between stores",
				good.replace('"photos-*" }', '"photos-*", prefix: raw/ }'),
				/routes of one bucket name one upstream/,
			],
			[
				"trust on a public address",
				good
					.replace("verify", "trust")
					.replace("127.0.0.1:9000", "0.0.0.0:9000"),
				/only for a loopback address/,
			],
			[
				"verify without clients",
				good.replace(/clients:\n.*\n/, ""),
				/needs at least one client/,
			],
			[
				"the same name twice",
				good
					.replace("name: two", "name: one")
					.replace("upstream: two", "upstream: one"),
				/"one" is there already/,
			],
			["broken YAML", `${good}\nlisten: again`, /yaml:\d+:\d+ .*unique/i],
			[
				"an impossible option",
				good.replace("keyId: k", "dsse: true, bucketKey: true"),
				/DSSE-KMS knows no bucket keys/,
			],
			[
				"a reserved header",
				good.replace("sse-kms: { keyId: k }", "headers: { set: { host: x } }"),
				/the gateway's own to decide/,
			],
			[
				"a refusal without a condition",
				good.replace("sse-kms: { keyId: k }", "refuse: { reason: x }"),
				/at least one condition/,
			],
		];
		for (const [name, text, expected] of cases) {
			const message = await faultsOf(text);
			t.match(message, expected, name);
			t.notMatch(message, /canary/, name);
		}
		const both = await faultsOf(
			good
				.replace("upstream: one", "upstream: three")
				.replace("keyId: k", "keyid: k"),
		);
		t.equal(both.split("\n").length, 2, "all faults at once");
		await t.rejects(
			loadConfig(join(folder, "none.yaml"), {}, plugins),
			/there is no such file/,
		);
	},
);

t.test("two policies that change bodies cannot share a route", async (t) => {
	const body = definePlugin({
		name: "a",
		api: 1,
		effects: ["body", "length"],
		options: z.object({}),
		setup: () => ({ operations: [], handle: (request, next) => next(request) }),
	});
	t.match(
		checkStack([body, { ...body, name: "b" }]),
		/"a" and "b" both change bodies/,
	);
	t.match(
		checkStack([{ ...body, effects: ["length"] }]),
		/lengths but not bodies/,
	);
	t.equal(checkStack([body]), undefined);
});

t.test("the example that teaches every setting has no fault", async (t) => {
	const file = new URL("../../config/example.yaml", import.meta.url).pathname;
	const environment = {
		PHOTOS_ACCESS_KEY_ID: "a",
		PHOTOS_SECRET_ACCESS_KEY: "b",
		KEYRING_PASSPHRASE: "c",
		ARCHIVE_SECRET: "c".repeat(32),
	};
	const { config } = await loadConfig(file, environment, plugins);
	t.equal(config.routes.length, 4);
});

t.test(
	"the schema for editors is fresh, and knows the options of the policies",
	async (t) => {
		const file = new URL("../../config/schema.json", import.meta.url);
		const committed = JSON.parse(readFileSync(file, "utf8"));
		t.strictSame(
			committed,
			JSON.parse(JSON.stringify(jsonSchema(plugins))),
			"run node scripts/generate-schema.ts",
		);
		t.match(JSON.stringify(committed), /"sse-kms":.*"bucketKey"/);
	},
);
