/** Who may use which key, over the wire: by default the routes that name it, else whom its policy names. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	CopyObjectCommand,
	CreateBucketCommand,
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { auditRecord } from "../../src/audit/record.ts";
import { findKey } from "../../src/keys/keyring.ts";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { startStore } from "../../src/store/store.ts";
import { loadTestConfig, startTestGateway } from "../support/gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-key-policy-"));
const keyring = join(folder, "keyring.json");
const hex = randomBytes(32);
const secret = () => ({ key: Buffer.from(hex) });
const store = await startStore({
	directory: join(folder, "store"),
	accessKeyId: "STORE",
	secretAccessKey: "store-secret-key",
});
t.teardown(async () => {
	await store.close();
	rmSync(folder, { recursive: true });
});
await createKeyring(keyring, secret(), { name: "key-file" }, new Date());
const ids: Record<string, string> = {};
for (const alias of ["alias/one", "alias/two"]) {
	const add = addKey({ alias });
	const ring = await changeKeyring(keyring, secret(), add, new Date());
	ids[alias] = findKey(ring, alias).id;
}

writeFileSync(join(folder, "keyring.key"), hex);

const config = (policy: string, photos = "alias/one") => `
listen: 127.0.0.1:0
authentication: verify
clients:
  - { name: app, accessKeyId: APP, secretAccessKey: app-secret-key }
  - { name: reports, accessKeyId: REPORTS, secretAccessKey: reports-secret-key }
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: STORE, secretAccessKey: store-secret-key } }]
keys: [{ name: main, provider: keyring, path: "${keyring}", keyFile: "${join(folder, "keyring.key")}", policy: ${policy} }]
routes:
  - { name: photos, match: { bucket: photos }, upstream: store, policies: [{ envelope: { keys: main, keyId: ${photos} } }] }
  - { name: archive, match: { bucket: archive }, upstream: store, policies: [{ envelope: { keys: main, keyId: alias/two } }] }
  - { name: rest, match: {}, upstream: store }
limits: { drain: 1s }
`;

function clientOf(endpoint: string, name: string): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: {
			accessKeyId: name.toUpperCase(),
			secretAccessKey: `${name}-secret-key`,
		},
	});
}

const direct = clientOf(store.endpoint, "store");
for (const Bucket of ["photos", "archive"])
	await direct.send(new CreateBucketCommand({ Bucket }));

async function start(
	t: { teardown(act: () => Promise<void>): void },
	text: string,
) {
	const gateway = await startTestGateway(text);
	t.teardown(() => gateway.close());
	const of = (name: string) => {
		const client = clientOf(gateway.endpoint, name);
		return {
			put: (Bucket: string, Key: string) =>
				client.send(new PutObjectCommand({ Bucket, Key, Body: "hello" })),
			copy: (Bucket: string, Key: string, CopySource: string) =>
				client.send(new CopyObjectCommand({ Bucket, Key, CopySource })),
			async get(Bucket: string, Key: string) {
				const got = await client.send(new GetObjectCommand({ Bucket, Key }));
				return got.Body?.transformToString();
			},
		};
	};
	return { gateway, app: of("app"), reports: of("reports") };
}

const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };

t.test("by default a route uses the key that it names", async (t) => {
	const { gateway, app, reports } = await start(t, config("[]"));
	await app.put("photos", "a");
	t.equal(await reports.get("photos", "a"), "hello");
	await app.copy("archive", "a", "photos/a");
	t.equal(await app.get("archive", "a"), "hello", "each with its own");

	const { app: later, gateway: moved } = await start(
		t,
		config("[]", "alias/two"),
	);
	await t.rejects(later.get("photos", "a"), { name: "DecryptionFailed" });
	const record = auditRecord(moved.outcomes.at(-1) as never);
	t.match(record, {
		outcome: "refused",
		status: 403,
		error: "decryption-failed",
		client: "app",
		route: "photos",
	});
	const both = "alias/two, decrypt: [alias/two, alias/one]";
	const { app: reader } = await start(t, config("[]", both));
	t.equal(await reader.get("photos", "a"), "hello", "named to decrypt");
	t.ok(gateway.outcomes.every(({ status }) => status === 200));
});

t.test("a policy says who else may, and who may not", async (t) => {
	const old = `[{ key: ${ids["alias/one"]}, decrypt: { routes: [photos], clients: [reports] } }, { key: alias/two, encrypt: { clients: [app] } }]`;
	const { app, reports, gateway } = await start(
		t,
		config(old, "alias/two, decrypt: [alias/two, alias/one]"),
	);
	t.equal(await reports.get("photos", "a"), "hello", "the old key by its id");
	await t.rejects(app.get("photos", "a"), denied);
	await t.rejects(reports.put("photos", "b"), denied);
	t.match(auditRecord(gateway.outcomes.at(-1) as never), {
		outcome: "refused",
		error: "key-denied",
		decisions: [{ policy: "envelope", outcome: "refused" }],
	});
	await app.put("photos", "b");
	t.equal(await reports.get("photos", "b"), "hello", "decrypt as by default");
});

t.test("a policy that names routes lets no other use the key", async (t) => {
	const elsewhere =
		"[{ key: alias/one, encrypt: { routes: [archive] }, decrypt: { routes: [archive] } }]";
	const { app } = await start(t, config(elsewhere));
	await t.rejects(app.put("photos", "d"), denied);
	await t.rejects(app.get("photos", "a"), denied);
	await app.put("archive", "d");
});

t.test("a policy by id and by alias of one key needs both", async (t) => {
	const both = `[{ key: ${ids["alias/one"]}, encrypt: { clients: [app] } }, { key: alias/one, encrypt: { clients: [reports] } }]`;
	const { app, reports } = await start(t, config(both));
	await t.rejects(app.put("photos", "c"), denied);
	await t.rejects(reports.put("photos", "c"), denied);
});

t.test("check finds names that nobody has", async (t) => {
	const wrong =
		"[{ key: a, encrypt: { routes: [none] }, decrypt: { clients: [nobody] } }, { key: a }]";
	await t.rejects(loadTestConfig(config(wrong)), {
		name: "ConfigFaults",
		message:
			/policy\[1\]\.key: "a" is there already[\s\S]*encrypt\.routes: no route is named "none"[\s\S]*decrypt\.clients: no client is named "nobody"/,
	});
});
