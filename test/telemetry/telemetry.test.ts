import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
	GetObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import t from "tap";
import { startGateway } from "../../src/gateway.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createPrimaryMetrics } from "../../src/telemetry/primary-metrics.ts";
import { createTraces } from "../../src/telemetry/traces.ts";
import {
	accessKeyId,
	configuration,
	loadTestConfig,
	secretAccessKey,
} from "../support/gateway.ts";
import { startTestStore } from "../support/store.ts";

interface Sent {
	readonly traceId: string;
	readonly spanId: string;
	readonly parentSpanId?: string;
	readonly name: string;
	readonly kind: number;
	readonly status: { readonly code?: number };
	readonly attributes: readonly { key: string; value: object }[];
}

/** What an OTLP receiver is: it keeps the spans of each batch. */
async function startReceiver(status = 200) {
	const spans: Sent[] = [];
	const resources: unknown[] = [];
	const paths: string[] = [];
	const server = createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("end", () => {
			paths.push(request.url as string);
			const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString());
			for (const { resource, scopeSpans } of resourceSpans) {
				resources.push(resource);
				for (const scope of scopeSpans) spans.push(...scope.spans);
			}
			response.writeHead(status).end("{}");
		});
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		spans,
		resources,
		paths,
		endpoint: `http://127.0.0.1:${port}`,
		close: () => new Promise((resolve) => server.close(resolve)),
	};
}

interface Scene {
	readonly sampleRatio?: number;
	/** Of the OTLP receiver. */
	readonly status?: number;
}

/** Runs requests through a traced gateway, and gives what came out of it once it has closed. */
async function run(
	scene: Scene,
	requests: (s3: S3Client, admin: string) => Promise<void>,
) {
	const receiver = await startReceiver(scene.status);
	const store = await startTestStore((request, response) => {
		if (request.method === "GET") response.statusCode = 503;
		response.end();
	});
	const events: { message: string }[] = [];
	const traceIds: (string | undefined)[] = [];
	const log = {
		event: (_level: string, message: string) => void events.push({ message }),
		request: ({
			exchange,
		}: {
			exchange: { span: { traceparent?: string | undefined } };
		}) => void traceIds.push(exchange.span.traceparent?.split("-")[1]),
	};
	const routes = `  - { name: rest, match: {}, upstream: store, policies: [{ sse-kms: { keyId: k1 } }] }`;
	const gateway = await startGateway(
		await loadTestConfig(configuration(store.endpoint, routes)),
		{
			log,
			metrics: (inFlight) => createMetrics("test", inFlight),
			traces: createTraces(
				{ endpoint: receiver.endpoint, sampleRatio: scene.sampleRatio ?? 1 },
				"1.2.3",
				log,
			),
		},
	);
	const s3 = new S3Client({
		endpoint: `http://${gateway.address}`,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: { accessKeyId, secretAccessKey },
	});
	await requests(s3, `http://${gateway.adminAddress}`);
	s3.destroy();
	await gateway.close();
	await store.close();
	await receiver.close();
	return { receiver, store, events, traceIds };
}

const put = new PutObjectCommand({
	Bucket: "bucket",
	Key: "secret-name",
	Body: "x",
});
const get = new GetObjectCommand({ Bucket: "bucket", Key: "secret-name" });

function withHeader(s3: S3Client, name: string, value: string): void {
	s3.middlewareStack.add(
		(next) => (given) => {
			(given.request as { headers: Record<string, string> }).headers[name] =
				value;
			return next(given);
		},
		{ step: "finalizeRequest", priority: "low", name },
	);
}

function attributes({ attributes }: Sent): Record<string, unknown> {
	return Object.fromEntries(
		attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
	);
}

t.test("a request is one trace: server, policy and store", async (t) => {
	const { receiver, store, traceIds } = await run({}, async (s3) => {
		await s3.send(put);
		await t.rejects(s3.send(get));
	});
	t.equal(receiver.paths[0], "/v1/traces");
	t.match(
		JSON.stringify(receiver.resources[0]),
		/service.name.*sealgate.*1\.2\.3/,
	);
	t.notMatch(
		JSON.stringify(receiver.spans),
		/secret|Signature/,
		"no object key",
	);
	const of = (traceId: string | undefined) =>
		receiver.spans.filter((span) => span.traceId === traceId);
	const [policy, upstream, server, ...more] = of(traceIds[0]);
	t.strictSame(more, []);
	t.match(
		[policy?.name, upstream?.name, server?.name],
		["policy.evaluate", "S3.PutObject", "PUT PutObject"],
	);
	t.match([policy?.kind, upstream?.kind, server?.kind], [1, 3, 2]);
	t.equal(server?.parentSpanId ?? "", "");
	t.equal(policy?.parentSpanId, server?.spanId);
	t.equal(upstream?.parentSpanId, server?.spanId);
	t.match(attributes(server as Sent), {
		"http.request.method": "PUT",
		"http.response.status_code": 200,
		"http.route": "PutObject",
		"sealgate.route": "rest",
		"aws.s3.bucket": "bucket",
	});
	t.equal(
		store.requests[0]?.headers.traceparent,
		`00-${traceIds[0]}-${upstream?.spanId}-01`,
	);
	const failed = of(traceIds[1]).map((span) => [span.name, span.status.code]);
	t.strictSame(failed, [
		["S3.GetObject", 2],
		["GET GetObject", 2],
	]);
});

t.test("a trace goes on where the client began it", async (t) => {
	const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
	const parent = `00-${traceId}-00f067aa0ba902b7-01`;
	const { receiver, store } = await run({}, async (s3) => {
		withHeader(s3, "traceparent", parent);
		withHeader(s3, "tracestate", "vendor=1");
		await s3.send(put);
	});
	const server = receiver.spans.find(({ kind }) => kind === 2);
	t.match(server, { traceId, parentSpanId: "00f067aa0ba902b7" });
	t.match(
		store.requests[0]?.headers.traceparent,
		new RegExp(`^00-${traceId}-`),
	);
	t.equal(store.requests[0]?.headers.tracestate, "vendor=1");
});

t.test("a malformed parent is none", async (t) => {
	const { receiver } = await run({}, async (s3) => {
		withHeader(s3, "traceparent", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`);
		await s3.send(put);
	});
	const server = receiver.spans.find(({ kind }) => kind === 2);
	t.notMatch(server?.traceId, /^0+$/);
	t.equal(server?.parentSpanId ?? "", "");
});

t.test("a client cannot ask for more traces than the ratio", async (t) => {
	const parent = `00-${"f".repeat(32)}-00f067aa0ba902b7-01`;
	const { receiver } = await run({ sampleRatio: 0 }, async (s3) => {
		withHeader(s3, "traceparent", parent);
		await s3.send(put);
	});
	t.strictSame(receiver.spans, []);
});

t.test("a receiver that fails costs a log line and no request", async (t) => {
	const { events, traceIds } = await run({ status: 400 }, async (s3) => {
		await s3.send(put);
		await s3.send(put);
	});
	t.equal(traceIds.length, 2);
	t.match(events, [{ message: "traces are lost" }]);
	t.equal(events.length, 1);
});

t.test("/metrics speaks both formats, one after the other", async (t) => {
	let texts: string[] = [];
	const { traceIds } = await run({}, async (s3, admin) => {
		await s3.send(put);
		await t.rejects(s3.send(get));
		const scrape = async (accept: string) => {
			const response = await fetch(`${admin}/metrics`, { headers: { accept } });
			return `${response.headers.get("content-type")}\n${await response.text()}`;
		};
		const open = "application/openmetrics-text; version=1.0.0";
		texts = [
			await scrape("*/*"),
			await scrape(open),
			await scrape("text/plain"),
		];
	});
	const [plain = "", open = "", again = ""] = texts;
	t.match(open, /^application\/openmetrics-text; version=1\.0\.0/);
	t.match(open, /\n# EOF\n$/);
	t.match(open, /# TYPE sealgate_policy_decisions counter/);
	t.match(
		open,
		new RegExp(
			`request_duration_seconds_bucket.* # \\{trace_id="${traceIds[0]}"\\} `,
		),
	);
	t.match(
		open,
		/http_client_request_duration_seconds_count\{upstream="store",http_request_method="GET",http_response_status_code="503",error_type=""\} 1\n/,
	);
	for (const text of [plain, again]) {
		t.match(text, /^text\/plain; version=0\.0\.4/);
		t.match(text, /\nsealgate_policy_decisions_total\{.*\} 1\n/);
		t.notMatch(text, "trace_id");
	}
});

t.test("docs/telemetry.md names every metric, and no other", async (t) => {
	const { body } = await createPrimaryMetrics(() => 1).scrape("", [
		await createMetrics("test", () => 0).snapshot(),
	]);
	const served = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
		.map(([, name, type]) => `${name} ${type}`)
		.filter((line) => !/^(process|nodejs)_/.test(line));
	const page = new URL("../../docs/telemetry.md", import.meta.url);
	const documented = [
		...readFileSync(page, "utf8").matchAll(/^\| `(\S+_\S+)` \| (\w+) \|/gm),
	].map(([, name, type]) => `${name} ${type}`);
	t.strictSame(documented.sort(), served.sort());
});
