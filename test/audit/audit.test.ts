import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	DeleteObjectsCommand,
	GetObjectCommand,
	HeadBucketCommand,
	PutObjectCommand,
	S3Client,
	type S3ClientConfig,
} from "@aws-sdk/client-s3";
import t from "tap";
import { verifyLog } from "../../src/audit/log/verify.ts";
import { ConfigFaults } from "../../src/config/load.ts";
import {
	auditEntries,
	auditPublicKey,
	auditSetting,
} from "../support/audit.ts";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
	startTestGateway,
} from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-audit-"));
t.teardown(() => rmSync(folder, { recursive: true }));

function client(endpoint: string, changes: Partial<S3ClientConfig> = {}) {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
		...changes,
	});
}

const routes = `
  - { name: kept, match: { bucket: bucket, prefix: kept/ }, upstream: store, policies: [{ refuse: { operations: [GetObject], reason: "kept" } }] }
  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: k1 } }] }`;

t.test("one record says who used which key on which object", async (t) => {
	const directory = join(folder, "log");
	const store = await startTestStore((request, response) => {
		if (request.method === "PUT") {
			response.setHeader("x-amz-server-side-encryption", "aws:kms");
			response.setHeader("x-amz-server-side-encryption-aws-kms-key-id", "arn");
			response.setHeader("x-amz-version-id", "v1");
		}
		response.end();
	});
	const gateway = await startTestGateway(
		`${configuration(store.endpoint, routes)}${auditSetting(directory)}`,
	);
	const s3 = client(gateway.endpoint);
	await s3.send(new HeadBucketCommand({ Bucket: "bucket" }));
	await s3.send(
		new PutObjectCommand({
			Bucket: "bucket",
			Key: 'a\n"\u2028',
			Body: "content",
		}),
	);
	const read = new GetObjectCommand({ Bucket: "bucket", Key: "kept/a" });
	await t.rejects(s3.send(read), { name: "AccessDenied" });
	const impostor = client(gateway.endpoint, {
		credentials: { accessKeyId, secretAccessKey: "guessed" },
	});
	await t.rejects(impostor.send(read), { name: "SignatureDoesNotMatch" });
	await gateway.close();
	await store.close();

	const records = await auditEntries(directory, "request.end");
	t.equal(records.length, 3, "what touches neither policy nor key has none");
	t.match(records[0], {
		event: "request.end",
		version: 1,
		time: /^\d{4}-\d\d-\d\dT.*Z$/,
		requestId: /^[0-9A-F]{16}$/,
		client: "app",
		accessKeyId,
		remoteAddress: "127.0.0.1",
		operation: "PutObject",
		method: "PUT",
		bucket: "bucket",
		key: 'a\n"\u2028',
		versionId: "v1",
		route: "rest",
		upstream: "store",
		decisions: [{ policy: "sse-kms", outcome: "changed" }],
		storeEncryption: { algorithm: "aws:kms", keyId: "arn" },
		outcome: "success",
		status: 200,
		bytesIn: 7,
	});
	t.match(records[1], {
		route: "kept",
		outcome: "refused",
		error: "policy-refused",
		decisions: [{ policy: "refuse", outcome: "refused", reason: /kept/ }],
	});
	t.match(records[2], {
		outcome: "refused",
		error: "signature-mismatch",
	});
	t.equal(records[2]?.client, undefined, "a name that is not proven is none");
	const begun = await auditEntries(directory, "request.begin");
	t.match(begun, [
		{ operation: "PutObject", requestId: records[0]?.requestId },
		{ operation: "GetObject", requestId: records[1]?.requestId },
	]);
	const log = join(directory, "gateway");
	const segment = join(log, "segment-00000000000000000000.jsonl");
	t.notMatch(readFileSync(segment, "utf8"), /Signature=|up-secret|test-secret/);
	t.equal(statSync(segment).mode & 0o777, 0o600);
	const verdict = await verifyLog(log, { publicKey: auditPublicKey });
	t.same(verdict.faults, []);
	t.equal(verdict.signed, verdict.size);
	t.equal(statSync(directory).mode & 0o777, 0o700);
});

t.test(
	"a list of a thousand keys is one record that readers take",
	async (t) => {
		const directory = join(folder, "long");
		const store = await startTestStore((_, response) => response.end());
		const reason = "by no means ".repeat(200);
		const observing = `
  - { name: rest, match: {}, upstream: store, mode: observe, policies: [{ refuse: { operations: [DeleteObject], reason: "${reason}" } }] }`;
		const gateway = await startTestGateway(
			`${configuration(store.endpoint, observing)}${auditSetting(directory, true)}`,
		);
		const Objects = Array.from({ length: 1_000 }, (_, at) => ({
			Key: `${at}`.padEnd(1_000, "k"),
		}));
		await client(gateway.endpoint)
			.send(new DeleteObjectsCommand({ Bucket: "bucket", Delete: { Objects } }))
			.catch(() => {}); // the store answers no document
		await gateway.close();
		await store.close();
		const log = join(directory, "gateway");
		const { faults } = await verifyLog(log, { publicKey: auditPublicKey });
		t.same(faults, []);
		const [record] = await auditEntries(directory, "request.end");
		t.match(record, { operation: "DeleteObjects" });
		const decisions = record?.decisions as unknown[] | undefined;
		t.equal(decisions?.length, 1);
	},
);

t.test("the log moves by a restart only", async (t) => {
	const gateway = await startTestGateway(configuration("http://127.0.0.1:1"));
	t.teardown(() => gateway.close());
	await t.rejects(
		gateway.reload(() =>
			loadTestConfig(
				`${configuration("http://127.0.0.1:1")}${auditSetting("x")}`,
			),
		),
		/audit changes by a restart only/,
	);
});

t.test(
	"a log without a key that signs is a fault, and so is a key of another kind",
	async (t) => {
		const faultOf = (setting: string) =>
			loadTestConfig(
				`${configuration("http://127.0.0.1:1")}audit: ${setting}`,
			).catch((error: unknown) => error as ConfigFaults);
		const none = await faultOf("{ sinks: [{ file: x }] }");
		t.ok(none instanceof ConfigFaults);
		t.match(none, { faults: [{ path: "audit.signingKey" }] });
		const other = await faultOf(
			"{ signingKey: nonsense, sinks: [{ file: x }] }",
		);
		t.match(other, {
			faults: [{ path: "audit.signingKey", message: /audit key create/ }],
		});
		t.notMatch(String(other), /nonsense/);
	},
);
