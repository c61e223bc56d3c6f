/** `provider: aws-kms` in a gateway: its options, what it needs, its calls, and what clients see of an outage. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	CreateBucketCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { openClient } from "../../plugins/keys-aws-kms/client.ts";
import { keysAwsKms } from "../../plugins/keys-aws-kms/index.ts";
import { ConfigFaults } from "../../src/config/load.ts";
import { redactConfig } from "../../src/config/redact.ts";
import { startStore } from "../../src/store/store.ts";
import {
	accessKeyId,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
	type TestGateway,
} from "../support/gateway.ts";
import { arnOf } from "../support/kms-keys.ts";
import { kmsCredentials, startKms } from "../support/kms-stub.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-aws-kms-"));
const kms = await startKms();
const store = await startStore({
	directory: join(folder, "store"),
	accessKeyId,
	secretAccessKey,
});
t.teardown(async () => {
	await kms.close();
	await store.close();
	rmSync(folder, { recursive: true });
});
const key = kms.keys.create(kms.region);
kms.keys.alias("alias/photos", key.id);
const arn = arnOf(key.id, kms.region);

interface Kms {
	readonly endpoint: string;
	readonly region: string;
}

const entry = ({ endpoint, region }: Kms) =>
	`{ name: main, provider: aws-kms, region: ${region}, endpoint: "${endpoint}", credentials: { accessKeyId: ${kmsCredentials.accessKeyId}, secretAccessKey: ${kmsCredentials.secretAccessKey} } }`;

const configuration = (keys: string, keyId = "alias/photos", options = "") => `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
authentication: verify
clients: [{ name: app, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} }]
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey} } }]
keys: [${keys}]
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: "${keyId}"${options} } }] }]
limits: { drain: 1s }
`;

function clientOf(endpoint: string): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
	});
}

const direct = clientOf(store.endpoint);
for (const Bucket of ["photos", "films"])
	await direct.send(new CreateBucketCommand({ Bucket }));

async function start(
	t: { teardown(act: () => Promise<void>): void },
	text: string,
) {
	const gateway = await startTestGateway(text);
	t.teardown(() => gateway.close());
	const client = clientOf(gateway.endpoint);
	return {
		gateway,
		put: (Bucket: string, Key: string) =>
			client.send(
				new PutObjectCommand({ Bucket, Key, Body: `body of ${Key}` }),
			),
		async get(Bucket: string, Key: string) {
			const got = await client.send(new GetObjectCommand({ Bucket, Key }));
			return got.Body?.transformToString();
		},
	};
}

async function readiness({ adminAddress }: TestGateway) {
	const response = await fetch(`http://${adminAddress}/readyz`);
	const { keys } = (await response.json()) as { keys: unknown };
	return { status: response.status, keys };
}

async function faultsOf(text: string): Promise<string[]> {
	try {
		await loadTestConfig(text);
		return [];
	} catch (error) {
		if (!(error instanceof ConfigFaults)) throw error;
		return error.faults.map(({ path, message }) => `${path}: ${message}`);
	}
}

t.test("options are checked with their path", async (t) => {
	t.strictSame(await faultsOf(configuration(entry(kms))), []);
	t.strictSame(
		await faultsOf(configuration("{ name: main, provider: aws-kmz }")),
		[
			'keys[0].provider: no key provider is named "aws-kmz"; there are keyring, aws-kms, vault, pkcs11',
		],
	);
	const wrong = "region: Frankfurt, endpoint: kms, path: keyring.json";
	t.strictSame(
		await faultsOf(
			configuration(`{ name: main, provider: aws-kms, ${wrong} }`),
		),
		[
			"keys[0].region: a region, such as eu-central-1",
			"keys[0].endpoint: http://host[:port] or https://host[:port], and nothing behind it",
			'keys[0]: Unrecognized key: "path"',
		],
	);
});

t.test("the configuration that others see covers its secrets", async (t) => {
	const loaded = await loadTestConfig(configuration(entry(kms)));
	const shown = JSON.stringify(redactConfig(loaded));
	t.notMatch(shown, kmsCredentials.secretAccessKey);
	t.match(shown, kmsCredentials.accessKeyId, "the rest is shown");
	t.match(shown, '"provider":"aws-kms"');
});

/** `serve` in a process of its own, which is not expected to stay. */
function serve(text: string, ...flags: string[]): Promise<string> {
	const file = join(folder, "config.yaml");
	writeFileSync(file, text);
	const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
	const args = [...flags, main, "serve", "--config", file];
	const env = { PATH: process.env.PATH, HOME: folder };
	return new Promise((resolve) => {
		execFile(process.execPath, args, { env }, (error, _, stderr) =>
			resolve(`${error?.code} ${stderr}`),
		);
	});
}

t.test("a missing library is one sentence at start", async (t) => {
	const hooks = `
		import { registerHooks } from "node:module";
		registerHooks({
			resolve(name, context, next) {
				return next(name === "@aws-sdk/client-kms" ? "not-there-at-all" : name, context);
			},
		});`;
	const flag = `--import=data:text/javascript,${encodeURIComponent(hooks)}`;
	t.equal(
		await serve(configuration(entry(kms)), flag),
		'1 keys "main": provider aws-kms needs the package @aws-sdk/client-kms: npm install @aws-sdk/client-kms\n',
	);
});

t.test("a missing region is one sentence at start", async (t) => {
	t.equal(
		await serve(configuration("{ name: main, provider: aws-kms }")),
		'1 keys "main": provider aws-kms needs a region: set region, or AWS_REGION.\n',
	);
});

function setEnvironment(
	t: { teardown(act: () => void): void },
	names: Readonly<Record<string, string>>,
): void {
	const before = { ...process.env };
	Object.assign(process.env, names);
	t.teardown(() => {
		for (const name of Object.keys(names)) delete process.env[name];
		Object.assign(process.env, before);
	});
}

t.test(
	"what points S3 clients to the gateway points no key there",
	async (t) => {
		setEnvironment(t, {
			AWS_ENDPOINT_URL: "http://127.0.0.1:1",
			AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1",
		});
		const hosts: Record<string, string> = {
			"eu-central-1": "kms.eu-central-1.amazonaws.com",
			"cn-north-1": "kms.cn-north-1.amazonaws.com.cn",
		};
		for (const [region, host] of Object.entries(hosts)) {
			const options = keysAwsKms.options.parse({ region });
			const { client } = await openClient(options, "main");
			const { hostname, protocol } = (await client.config.endpoint?.()) ?? {};
			t.strictSame([protocol, hostname], ["https:", host]);
			client.destroy();
		}
	},
);

t.test("keys do not cross a network in the clear", async (t) => {
	const faults = (endpoint: string) =>
		faultsOf(
			configuration(
				`{ name: main, provider: aws-kms, region: eu-central-1, endpoint: "${endpoint}" }`,
			),
		);
	for (const endpoint of [
		"https://kms.example.internal",
		"http://127.0.0.1:8080",
		"http://[::1]:8080",
		"http://localhost:8080",
	])
		t.strictSame(await faults(endpoint), [], endpoint);
	for (const endpoint of [
		"http://kms.example.internal",
		"http://127.0.0.1.example.internal:8080",
		"http://10.0.0.1",
	]) {
		t.strictSame(await faults(endpoint), [
			"keys[0].endpoint: http:// is for a loopback address alone: keys would cross the network in the clear",
		]);
	}
});

t.test("region and credentials come of the AWS chain", async (t) => {
	const names = {
		AWS_ACCESS_KEY_ID: kmsCredentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: kmsCredentials.secretAccessKey,
		AWS_REGION: kms.region,
	};
	setEnvironment(t, names);
	const { endpoint } = kms;
	const options = keysAwsKms.options.parse({ endpoint });
	const host = { name: "main", directory: ".", fips: false };
	const provider = await keysAwsKms.open(options, host);
	const { signal } = new AbortController();
	t.equal((await provider.describe("alias/photos", signal)).keyId, arn);
	await provider.close?.();
});

t.test("a route seals with few calls, and its records are small", async (t) => {
	const { gateway, put, get } = await start(t, configuration(entry(kms)));
	kms.calls.length = 0;
	for (let at = 0; at < 20; at++) {
		await put("photos", `${at}`);
		t.equal(await get("photos", `${at}`), `body of ${at}`);
	}
	t.strictSame(kms.calls, ["DescribeKey", "GenerateDataKey"]);
	const uses = gateway.outcomes.flatMap(
		({ exchange }) => exchange.findings.keyUses,
	);
	t.strictSame([...new Set(uses.map(({ keyId }) => keyId))], [arn]);
	t.strictSame(uses.map(({ from }) => from).slice(0, 2), ["provider", "cache"]);

	kms.calls.length = 0;
	const again = await start(t, configuration(entry(kms)));
	for (let at = 0; at < 20; at++)
		t.equal(await again.get("photos", `${at}`), `body of ${at}`);
	t.strictSame(kms.calls, ["DescribeKey", "Decrypt"], "after a restart");
});

t.test(
	"a record is under 700 bytes, and under 720 with all that a route can bind",
	async (t) => {
		const there = await startKms("ap-southeast-1", kms.keys);
		t.teardown(() => there.close());
		const keyId = arnOf(kms.keys.create(there.region).id, there.region);
		const sizeUnder = async (options: string): Promise<number> => {
			const { put } = await start(
				t,
				configuration(entry(there), keyId, options),
			);
			await put("photos", "bound");
			const { Metadata = {} } = await direct.send(
				new HeadObjectCommand({ Bucket: "photos", Key: "bound" }),
			);
			return Object.entries(Metadata).flat().join("").length;
		};
		const usual = await sizeUnder("");
		t.ok(usual > 600 && usual < 700, `${usual} bytes`);
		const bound = await sizeUnder(", bindMetadata: true, scope: object");
		t.ok(bound > usual && bound < 720, `${bound} bytes`);
	},
);

t.test("calls, errors and the breaker stand in metrics", async (t) => {
	const { gateway, put } = await start(t, configuration(entry(kms)));
	kms.fault = (operation) =>
		operation === "GenerateDataKey"
			? { refuse: "AccessDeniedException" }
			: undefined;
	await t.rejects(put("photos", "denied"), { name: "AccessDenied" });
	kms.fault = undefined;
	const metrics = await gateway.metrics();
	const line = (name: string, labels: string, value: string) =>
		t.match(metrics, `${name}{keys="main",${labels}} ${value}\n`);
	line("sealgate_key_provider_calls_total", 'operation="describe"', "1");
	line("sealgate_key_provider_calls_total", 'operation="generate"', "1");
	line(
		"sealgate_key_provider_errors_total",
		'operation="generate",kind="key-denied"',
		"1",
	);
	t.match(metrics, 'sealgate_key_provider_breaker_state{keys="main"} 0\n');
	t.match(metrics, "sealgate_key_provider_call_duration_seconds_bucket");
});

t.test(
	"in an outage cached keys serve, and new ones are refused at once",
	async (t) => {
		const other = await startKms(kms.region, kms.keys);
		const { gateway, put, get } = await start(t, configuration(entry(other)));
		await put("photos", "before");
		t.strictSame(await readiness(gateway), {
			status: 200,
			keys: { main: { provider: "aws-kms", breaker: "closed" } },
		});
		await other.close();
		const slowDown = { name: "SlowDown", $metadata: { httpStatusCode: 503 } };
		// Five tries that fail open the breaker: two writes.
		for (const object of ["one", "two", "three"])
			await t.rejects(put("films", object), slowDown);
		t.strictSame(await readiness(gateway), {
			status: 200,
			keys: {
				main: { provider: "aws-kms", breaker: "open", outage: "unreachable" },
			},
		});
		t.equal(await get("photos", "before"), "body of before");
		await put("photos", "after");
		t.equal(await get("photos", "after"), "body of after");
		const metrics = await gateway.metrics();
		t.match(metrics, 'sealgate_key_provider_breaker_state{keys="main"} 1\n');
		t.match(
			metrics,
			'sealgate_key_provider_errors_total{keys="main",operation="generate",kind="circuit-open"}',
		);
		const reasons = gateway.outcomes.map(
			({ exchange }) => exchange.findings.error,
		);
		t.equal(reasons.filter((code) => code === "keys-unavailable").length, 3);
	},
);

t.test(
	"a gateway of another region opens by the replica of the key",
	async (t) => {
		const there = await startKms("us-east-1", kms.keys);
		t.teardown(() => there.close());
		const { id } = kms.keys.create(kms.region, true);
		kms.keys.alias("alias/everywhere", id);
		const here = await start(t, configuration(entry(kms), "alias/everywhere"));
		await here.put("films", "replica");
		const away = await start(
			t,
			configuration(entry(there), "alias/everywhere"),
		);
		t.equal(await away.get("films", "replica"), "body of replica");
		await away.put("films", "back");
		t.equal(await here.get("films", "back"), "body of back");
	},
);

t.test(
	"a record of a key that the route does not list reaches no KMS",
	async (t) => {
		const { id } = kms.keys.create(kms.region);
		const one = await start(
			t,
			configuration(entry(kms), arnOf(id, kms.region)),
		);
		await one.put("films", "foreign");
		const { get } = await start(t, configuration(entry(kms)));
		kms.calls.length = 0;
		await t.rejects(get("films", "foreign"), { name: "DecryptionFailed" });
		t.strictSame(kms.calls, ["DescribeKey"], "of the route's own alias");
	},
);
