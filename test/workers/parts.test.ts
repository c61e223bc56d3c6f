/** What of workers is arithmetic. */
import fc from "fast-check";
import t from "tap";
import type { GatewayState } from "../../src/gateway-state.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { createPrimaryMetrics } from "../../src/telemetry/primary-metrics.ts";
import { counted } from "../../src/telemetry/snapshot.ts";
import { readinessOf } from "../../src/workers/readiness.ts";
import { Restarts, settledAfter } from "../../src/workers/restarts.ts";
import { shareOf, workerCount } from "../../src/workers/share.ts";
import { configuration, loadTestConfig } from "../support/gateway.ts";
import { sample } from "../support/workers.ts";

t.test("a place in which five in a row never worked is given up", async (t) => {
	const restarts = new Restarts();
	const waits = [0, 0, 0, 1_999, 0].map((served) => restarts.after(served));
	t.strictSame(waits, [100, 200, 400, 800, undefined]);
});

t.test(
	"one that worked is replaced at once, and what was before is forgotten",
	async (t) => {
		const restarts = new Restarts();
		const served = [0, 0, 0, 0, settledAfter, 0];
		const waits = served.map((time) => restarts.after(time));
		t.strictSame(waits, [100, 200, 400, 800, 0, 100]);
	},
);

const state = (more: Partial<GatewayState> = {}): GatewayState => ({
	draining: false,
	troubles: {},
	keys: {},
	...more,
});

t.test("ready: one serves, and none that serves hangs or drains", async (t) => {
	const ready = (
		states: readonly (GatewayState | undefined)[],
		draining = false,
	) => readinessOf(3, states, draining).ready;
	t.equal(ready([state(), state(), state()]), true);
	t.equal(ready([state(), state()]), true, "one is being replaced");
	t.equal(ready([]), false);
	t.equal(ready([state(), undefined]), false);
	t.equal(ready([state(), state({ draining: true })]), false);
	t.equal(ready([state()], true), false);
});

t.test(
	"readiness tells every sentence once, and the worst of each provider",
	async (t) => {
		const provider = "aws-kms";
		const { details } = readinessOf(
			2,
			[
				state({
					troubles: { a: ["one"], b: ["two"] },
					keys: { main: { provider, breaker: "closed" } },
				}),
				state({
					troubles: { a: ["one", "three"] },
					keys: { main: { provider, breaker: "open", outage: "timeout" } },
				}),
			],
			false,
		);
		t.strictSame(details, {
			draining: false,
			troubles: { a: ["one", "three"], b: ["two"] },
			keys: { main: { provider, breaker: "open", outage: "timeout" } },
			workers: { wanted: 2, serving: 2, ready: 2 },
		});
	},
);

t.test(
	"limits of the whole are shared out, and none becomes nothing",
	async (t) => {
		const loaded = await loadTestConfig(
			configuration("http://127.0.0.1:1").replace(
				"limits: {",
				"limits: { connections: 10, inFlight: 1, queue: 0,",
			),
		);
		fc.assert(
			fc.property(fc.integer({ min: 2, max: 64 }), (workers) => {
				const { config } = shareOf(loaded, workers);
				const { connections, inFlight, queue, documentBytes } = config.limits;
				t.equal(connections, Math.ceil(10 / workers));
				t.equal(inFlight, 1);
				t.equal(queue, 0);
				t.equal(documentBytes, loaded.config.limits.documentBytes);
				t.equal(config.upstreams[0]?.connections, Math.ceil(256 / workers));
				t.equal(config.admin, undefined);
			}),
			{ seed: 7, numRuns: 10 },
		);
		t.equal(workerCount(loaded.config), 1, "one unless it says otherwise");
		t.ok(workerCount({ ...loaded.config, workers: "auto" }) >= 1);
	},
);

t.test(
	"counters add up, also those of processes that are gone; gauges by their kind",
	async (t) => {
		const processes = [3, 5].map((lost) => {
			const metrics = createMetrics("1", () => lost);
			metrics.auditLost(lost);
			metrics.troubles({ rest: ["one", "two"] });
			metrics
				.keyProvider("main")
				.changed(lost === 3 ? "open" : "probing", undefined);
			metrics.keyProvider("other").tried("generate", lost * 1_000, undefined);
			return metrics;
		});
		const [first, second] = await Promise.all(
			processes.map((metrics) => metrics.snapshot()),
		);
		const primary = createPrimaryMetrics(() => 1);
		primary.reload(true);
		const gone = await counted([await counted([first ?? []]), second ?? []]);
		const { body } = await primary.scrape("", [first ?? [], gone]);
		t.equal(sample(body, "sealgate_audit_lost_records_total"), 3 + 3 + 5);
		const calls = "sealgate_key_provider_call_duration_seconds";
		t.equal(sample(body, `${calls}_count`), 3);
		t.equal(sample(body, `${calls}_sum`), 3 + 3 + 5);
		t.equal(sample(body, `${calls}_bucket`, 'le="5"'), 3);
		t.equal(sample(body, `${calls}_bucket`, 'le="2.5"'), 0);
		t.equal(sample(body, "http_server_active_requests"), 3, "of the living");
		t.equal(sample(body, "sealgate_route_troubles"), 2);
		t.equal(sample(body, "sealgate_key_provider_breaker_state", "main"), 1);
		t.equal(sample(body, "sealgate_build_info"), 1);
		t.equal(sample(body, "sealgate_config_reload_total"), 1);
	},
);

t.test("OpenMetrics names joined counters once", async (t) => {
	const metrics = createMetrics("1", () => 0);
	metrics.auditLost(2);
	const { body, contentType } = await createPrimaryMetrics(() => 1).scrape(
		"application/openmetrics-text",
		[await metrics.snapshot()],
	);
	t.match(contentType, /openmetrics-text/);
	t.match(body, /^# TYPE sealgate_audit_lost_records counter$/m);
	t.match(body, /^sealgate_audit_lost_records_total 2$/m);
	t.match(body, /# EOF\n$/);
});
