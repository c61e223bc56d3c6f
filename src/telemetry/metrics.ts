/** Prometheus metrics. Labels come from closed sets or the configuration: never a key, a bucket, a client's text. */
import {
	Counter,
	collectDefaultMetrics,
	Gauge,
	Histogram,
	Registry,
} from "@prometheus-io/client";
import type { Outcome } from "../layers/observe.ts";

export interface Metrics {
	request(outcome: Outcome): void;
	reload(succeeded: boolean): void;
	scrape(): Promise<{ contentType: string; body: string }>;
}

/** Advised by OpenTelemetry's HTTP conventions, in seconds. */
const buckets = [
	0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
const methods = new Set(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]);

export function createMetrics(
	version: string,
	inFlight: () => number,
): Metrics {
	const registry = new Registry();
	const registers = [registry];
	collectDefaultMetrics({ register: registry });
	const durations = new Histogram({
		name: "http_server_request_duration_seconds",
		help: "From the head of the request to the end of the answer.",
		labelNames: [
			"http_request_method",
			"http_response_status_code",
			"http_route",
			"error_type",
		],
		buckets,
		registers,
	});
	const bytes = new Counter({
		name: "sealgate_request_bytes_total",
		help: "Bytes of bodies from and to clients.",
		labelNames: ["direction", "side"],
		registers,
	});
	const decisions = new Counter({
		name: "sealgate_policy_decisions_total",
		help: "What policies did, or in observe mode would have done.",
		labelNames: ["policy", "route", "mode", "outcome"],
		registers,
	});
	const reloads = new Counter({
		name: "sealgate_config_reload_total",
		help: "Attempts to reload the configuration.",
		labelNames: ["result"],
		registers,
	});
	new Gauge({
		name: "http_server_active_requests",
		help: "Requests between their head and the end of their answer.",
		registers,
		collect() {
			this.set(inFlight());
		},
	});
	new Gauge({
		name: "sealgate_build_info",
		help: "Always 1.",
		labelNames: ["version", "node"],
		registers,
	}).set({ version, node: process.versions.node }, 1);
	return {
		request({ exchange, status, duration }) {
			const { findings, received } = exchange;
			durations.observe(
				{
					http_request_method: methods.has(received.method)
						? received.method
						: "_OTHER",
					http_response_status_code: String(status),
					http_route: findings.operation ?? "_OTHER",
					// The store's own code is its text, and no closed set.
					error_type:
						findings.error ??
						(findings.upstreamError === undefined ? "" : "store"),
				},
				duration / 1_000,
			);
			bytes.inc({ direction: "in", side: "client" }, findings.bytesIn);
			bytes.inc({ direction: "out", side: "client" }, findings.bytesOut);
			for (const { policy, route, mode, outcome } of findings.decisions) {
				decisions.inc({ policy, route, mode, outcome });
			}
		},
		reload: (succeeded) =>
			reloads.inc({ result: succeeded ? "success" : "failure" }),
		scrape: async () => ({
			contentType: registry.contentType,
			body: await registry.metrics(),
		}),
	};
}
