/** Requests that a policy sends of its own accord, and what the log, the audit record and the metrics make of them. */
import { fileURLToPath } from "node:url";
import t from "tap";
import { auditRecord } from "../../src/audit/record.ts";
import { startWire, type Wire } from "../policies/wire.ts";

const plugin = fileURLToPath(new URL("asking-policy.ts", import.meta.url));
const routes = `
  - { name: asking, match: { bucket: asking }, upstream: store, policies: [{ sse-s3: {} }, { "${plugin}": {} }] }
  - { name: twice, match: { bucket: twice }, upstream: store, policies: [{ "${plugin}": {} }, { "${plugin}": {} }] }
  - { name: observed, match: { bucket: observed }, upstream: store, mode: observe, policies: [{ "${plugin}": {} }] }
  - { name: rest, match: {}, upstream: store }`;

const start = (t: Parameters<typeof startWire>[0]) =>
	startWire(t, routes, ({ method }, response) => {
		if (method === "HEAD") response.setHeader("x-amz-version-id", "its-own");
		response.writeHead(method === "HEAD" ? 404 : 200).end();
	});

/** What is known of the last request. */
function last({ gateway }: Wire) {
	const outcome = gateway.outcomes.at(-1);
	if (outcome === undefined) throw new Error("nothing was told");
	return { ...outcome.exchange.findings, record: auditRecord(outcome) };
}

t.test(
	"a policy's own request leaves no trace in what is told of the client's",
	async (t) => {
		const wire = await start(t);
		const { status } = await wire.send({
			method: "PUT",
			target: "/asking/k",
			body: "content",
		});
		t.equal(status, 200);
		t.strictSame(
			wire.store.requests.map(({ method, target }) => `${method} ${target}`),
			["HEAD /asking/its-own", "PUT /asking/k"],
		);
		const [own, asked] = wire.store.requests;
		t.equal(own?.headers["x-amz-meta-own"], "1");
		t.equal(asked?.headers["x-amz-meta-looked"], "404", "it read the answer");
		const found = last(wire);
		t.strictSame(
			found.decisions.map(({ policy, outcome, changes }) => ({
				policy,
				outcome,
				changes,
			})),
			[
				{
					policy: "sse-s3",
					outcome: "changed",
					changes: ["x-amz-server-side-encryption"],
				},
				{
					policy: "asking",
					outcome: "changed",
					changes: ["x-amz-meta-looked"],
				},
			],
		);
		t.match(found, { operation: "PutObject", key: "k", upstreamStatus: 200 });
		t.equal(found.versionId, undefined, "the version is of another object");
		t.equal(found.upstreamError, undefined);
		t.equal(found.error, undefined);
		t.match(found.record, {
			outcome: "success",
			key: "k",
			operation: "PutObject",
		});
		t.strictSame(
			found.upstreamRequests.map(({ method, status }) => `${method} ${status}`),
			["HEAD 404", "PUT 200"],
			"but each that leaves is counted",
		);
		t.match(
			await wire.gateway.metrics(),
			'http_client_request_duration_seconds_count{upstream="store",http_request_method="HEAD",http_response_status_code="404",error_type=""} 1',
		);
	},
);

t.test("a read that is sent twice is one decision", async (t) => {
	const wire = await start(t);
	await wire.send({ method: "GET", target: "/asking/k" });
	t.strictSame(
		wire.store.requests.map(({ headers }) => headers["x-amz-first"]),
		["1", undefined],
	);
	const { decisions, upstreamRequests } = last(wire);
	t.strictSame(
		decisions.map(({ policy, changes }) => `${policy} ${changes}`),
		["asking x-amz-first"],
		"what the first one changed",
	);
	t.equal(upstreamRequests.length, 2);
});

t.test(
	"an own request passes the policies behind it, unseen too",
	async (t) => {
		const wire = await start(t);
		await wire.send({ method: "PUT", target: "/twice/k", body: "content" });
		t.strictSame(
			wire.store.requests.map(({ method }) => method),
			["HEAD", "HEAD", "PUT"],
			"each of the two asks once; a HEAD asks nothing more",
		);
		const { decisions, events } = last(wire);
		t.equal(decisions.length, 2);
		t.strictSame(events?.length, 2, "and counts nothing of its own");
	},
);

t.test(
	"what is only a question sends nothing, and counts nothing",
	async (t) => {
		const wire = await start(t);
		await wire.send({ method: "PUT", target: "/observed/k", body: "content" });
		t.strictSame(
			wire.store.requests.map(
				({ method, headers }) => `${method} ${headers["x-amz-meta-looked"]}`,
			),
			["PUT undefined"],
		);
		const { decisions, events } = last(wire);
		t.match(decisions, [
			{ mode: "observe", outcome: "changed", changes: ["x-amz-meta-looked"] },
		]);
		t.equal(events, undefined);
	},
);

t.test(
	"the source of a copy is judged, and no policy asks for it",
	async (t) => {
		const wire = await start(t);
		await wire.send({
			method: "PUT",
			target: "/rest/k",
			headers: { "x-amz-copy-source": "/asking/k" },
		});
		t.strictSame(
			wire.store.requests.map(({ method }) => method),
			["PUT"],
		);
		t.equal(last(wire).events, undefined);
	},
);
