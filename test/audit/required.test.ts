/** `audit.required`: nothing succeeds that is not recorded. */
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	GetObjectCommand,
	PutBucketReplicationCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t, { type Test } from "tap";
import { verifyLog } from "../../src/audit/log/verify.ts";
import { openLog } from "../../src/audit/log/writer.ts";
import { signingKeyOf } from "../../src/audit/signing-key.ts";
import {
	auditEntries,
	auditPublicKey,
	auditSetting,
	auditSigningKey,
} from "../support/audit.ts";
import {
	accessKeyId,
	configuration,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { serve, startCommand } from "../support/process.ts";
import { type Answer, keepObjects, startTestStore } from "../support/store.ts";

const base = mkdtempSync(join(tmpdir(), "sealgate-required-"));
t.teardown(() => rmSync(base, { recursive: true, force: true }));
let number = 0;

const routes = `
  - { name: plain, match: { bucket: plain }, upstream: store }
  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: k1 } }] }`;

function clientOf(endpoint: string): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
	});
}

/** A gateway whose log can be taken away and given back. */
async function setUp(
	t: Test,
	answer: Answer = keepObjects(),
	routing: string = routes,
) {
	const folder = join(base, String(++number));
	const store = await startTestStore(answer);
	const gateway = await startTestGateway(
		`${configuration(store.endpoint, routing)}${auditSetting(folder, true)}`,
	);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const away = `${folder}-away`;
	return {
		folder,
		store,
		gateway,
		client: clientOf(gateway.endpoint),
		breakLog() {
			renameSync(folder, away);
			writeFileSync(folder, "a file in the place of the folder");
		},
		mendLog() {
			rmSync(folder);
			renameSync(away, folder);
		},
	};
}

const put = (Key: string, Bucket = "bucket") =>
	new PutObjectCommand({ Bucket, Key, Body: "content" });
const get = (Key: string) => new GetObjectCommand({ Bucket: "bucket", Key });

t.test(
	"a request that cannot be recorded reaches no store, and is served once it can",
	async (t) => {
		const { client, store, gateway, folder, breakLog, mendLog } =
			await setUp(t);
		await client.send(put("a"));
		breakLog();
		await t.rejects(client.send(put("b")), {
			name: "ServiceUnavailable",
			$metadata: { httpStatusCode: 503 },
		});
		t.equal(store.requests.length, 1);
		await client.send(put("b", "plain"));
		t.pass("what touches no policy and no key needs no record");
		mendLog();
		await client.send(put("c"));
		t.match(await gateway.metrics(), /sealgate_audit_lost_records_total [1-9]/);
		const ends = await auditEntries(folder, "request.end");
		t.match(ends, [
			{ key: "a", outcome: "success" },
			{ key: "b", outcome: "failure", error: "audit-unavailable", late: true },
			{ key: "c", outcome: "success" },
		]);
	},
);

t.test(
	"what the policies of another bucket judge is recorded before they do",
	async (t) => {
		const { client, folder } = await setUp(
			t,
			keepObjects(),
			`
  - { name: sealed, match: { bucket: bucket }, upstream: store, policies: [{ sse-kms: { keyId: k1 } }] }
  - { name: rest, match: {}, upstream: store }`,
		);
		await client
			.send(
				new PutBucketReplicationCommand({
					Bucket: "plain",
					ReplicationConfiguration: {
						Role: "role",
						Rules: [{ Status: "Enabled", Destination: { Bucket: "bucket" } }],
					},
				}),
			)
			.catch(() => {}); // whatever it was judged
		const operation = "PutBucketReplication";
		t.match(await auditEntries(folder, "request.begin"), [{ operation }]);
		t.match(await auditEntries(folder, "request.end"), [{ operation }]);
	},
);

t.test(
	"a second gateway on one log does not start, and takes nothing from the first",
	async (t) => {
		const { client, folder, store, gateway } = await setUp(t);
		const file = join(base, "second.yaml");
		writeFileSync(
			file,
			`${configuration(store.endpoint, routes)}${auditSetting(folder, true)}`,
		);
		const second = startCommand("serve", "--config", file);
		let said = "";
		for (const from of [second.stdout, second.stderr])
			from?.on("data", (chunk) => {
				said += chunk;
			});
		const [status] = await once(second, "close");
		t.equal(status, 1);
		t.match(said, /another process writes the audit log/);
		await client.send(put("a"));
		await gateway.close();
		const log = join(folder, "gateway");
		const verdict = await verifyLog(log, { publicKey: auditPublicKey });
		t.same(verdict.faults, []);
		t.match(await auditEntries(folder, "request.end"), [{ key: "a" }]);
	},
);

t.test(
	"a write whose end cannot be recorded is no success, and its record comes late",
	async (t) => {
		const keep = keepObjects();
		let before = (): void => {};
		const { client, store, folder, breakLog, mendLog } = await setUp(
			t,
			(request, response) => {
				before();
				keep(request, response);
			},
		);
		await client.send(put("a"));
		before = breakLog;
		await t.rejects(client.send(put("b")));
		t.equal(store.requests.length, 2, "the store has it");
		before = () => {};
		mendLog();
		await client.send(put("c"));
		const ends = await auditEntries(folder, "request.end");
		t.match(ends[1], { key: "b", status: 200, late: true });
	},
);

t.test(
	"a body whose end cannot be recorded is cut before its last byte",
	async (t) => {
		const { client, folder, breakLog, mendLog } = await setUp(
			t,
			(request, response) => {
				if (request.method === "PUT") {
					response.end();
					return;
				}
				response.writeHead(200, {
					"content-length": 10,
					"x-amz-server-side-encryption": "aws:kms",
				});
				response.write("12345");
				if (request.target.startsWith("/bucket/cut")) breakLog();
				response.end("67890");
			},
		);
		const whole = await client.send(get("whole"));
		t.equal(await whole.Body?.transformToString(), "1234567890");
		const cut = await client.send(get("cut"));
		await t.rejects(cut.Body?.transformToString() as Promise<string>);
		mendLog();
		await client.send(put("after"));
		const [, record] = await auditEntries(folder, "request.end");
		t.match(record, { key: "cut", bytesOut: 10, late: true });
	},
);

t.test("a killed gateway has lost no acknowledged record", async (t) => {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const folder = join(base, "killed");
	const file = join(base, "killed.yaml");
	writeFileSync(
		file,
		`${configuration(store.endpoint, routes)}${auditSetting(folder, true)}`,
	);
	const acknowledged: string[] = [];
	for (let kill = 0; kill < 3; kill += 1) {
		const gateway = serve(file);
		const { address } = await gateway.until("listening");
		const client = clientOf(`http://${address}`);
		const enough = Promise.withResolvers<void>();
		let seen = 0;
		const load = Array.from({ length: 8 }, async (_, worker) => {
			for (let index = 0; ; index += 1) {
				const key = `${kill}/${worker}/${index}`;
				try {
					await client.send(put(key));
				} catch {
					return;
				}
				acknowledged.push(key);
				seen += 1;
				if (seen === 40) enough.resolve();
			}
		});
		await enough.promise;
		const gone = once(gateway.child, "exit");
		gateway.child.kill("SIGKILL");
		await gone;
		await Promise.all(load);
	}
	const signingKey = signingKeyOf(auditSigningKey);
	const log = join(folder, "gateway");
	const again = await openLog(log, { origin: "sealgate/gateway", signingKey });
	await again.close();
	const verdict = await verifyLog(log, { publicKey: auditPublicKey });
	t.same(verdict.faults, []);
	const ends = await auditEntries(folder, "request.end");
	const recorded = new Set(ends.map(({ key }) => key));
	t.same(
		acknowledged.filter((key) => !recorded.has(key)),
		[],
	);
	t.ok(acknowledged.length >= 120);
});
