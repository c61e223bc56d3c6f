import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	GetObjectCommand,
	HeadBucketCommand,
	PutObjectCommand,
	S3Client,
	type S3ClientConfig,
} from "@aws-sdk/client-s3";
import t from "tap";
import { openFileSink } from "../../src/audit/file-sink.ts";
import type { AuditRecord } from "../../src/audit/record.ts";
import { ConfigFaults } from "../../src/config/load.ts";
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

function recordsIn(directory: string): AuditRecord[] {
	return readFileSync(join(directory, "records.jsonl"), "utf8")
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));
}

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
		`${configuration(store.endpoint, routes)}audit: { sinks: [{ file: "${directory}" }] }`,
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

	const records = recordsIn(directory);
	t.equal(records.length, 3, "what touches neither policy nor key has none");
	t.match(records[0], {
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
	const text = readFileSync(join(directory, "records.jsonl"), "utf8");
	t.notMatch(text, /Signature=|up-secret|test-secret/);
	t.equal(statSync(join(directory, "records.jsonl")).mode & 0o777, 0o600);
	t.equal(statSync(directory).mode & 0o777, 0o700);
});

t.test("a second run appends", async (t) => {
	const directory = join(folder, "again");
	for (const requestId of ["1", "2"]) {
		const sink = await openFileSink(directory, (_, error) => t.error(error));
		sink.record({ requestId } as AuditRecord);
		await sink.close();
	}
	t.match(recordsIn(directory), [{ requestId: "1" }, { requestId: "2" }]);
});

t.test("a thousand records at once stay whole and in order", async (t) => {
	const directory = join(folder, "many");
	const sink = await openFileSink(directory, (_, error) => t.error(error));
	const ids = Array.from({ length: 1_000 }, (_, index) => String(index));
	for (const requestId of ids) sink.record({ requestId } as AuditRecord);
	await sink.close();
	t.strictSame(
		recordsIn(directory).map(({ requestId }) => requestId),
		ids,
	);
});

t.test("what does not fit is told as lost", async (t) => {
	const lost: number[] = [];
	const sink = await openFileSink(join(folder, "full"), (records) =>
		lost.push(records),
	);
	const reason = "x".repeat(9 * 1024 * 1024);
	sink.record({ requestId: "1" } as AuditRecord);
	for (let index = 0; index < 3; index++)
		sink.record({ reason } as AuditRecord);
	await sink.close();
	t.strictSame(lost, [1, 1]);
});

t.test("required: true is refused until it is served", async (t) => {
	const error = await loadTestConfig(
		`${configuration("http://127.0.0.1:1")}audit: { required: true, sinks: [{ file: x }] }`,
	).catch((error: unknown) => error);
	t.ok(error instanceof ConfigFaults);
	t.match((error as ConfigFaults).faults, [
		{ path: "audit.required", message: /required: true is not served yet/ },
	]);
});

t.test("the log moves by a restart only", async (t) => {
	const gateway = await startTestGateway(configuration("http://127.0.0.1:1"));
	t.teardown(() => gateway.close());
	await t.rejects(
		gateway.reload(() =>
			loadTestConfig(
				`${configuration("http://127.0.0.1:1")}audit: { sinks: [{ file: x }] }`,
			),
		),
		/audit changes by a restart only/,
	);
});
