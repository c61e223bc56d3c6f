/** Prometheus metrics. Labels come from closed sets or the configuration: never a key, a bucket, a client's text. */
import {
	Counter,
	collectDefaultMetrics,
	Gauge,
	Histogram,
	type OpenMetricsContentType,
	Registry,
	type RegistryContentType,
} from "@prometheus-io/client";
import { DecryptionError } from "../crypto/decryption-error.ts";
import { SealgateError } from "../errors.ts";
import type { BreakerState, CircuitObserver } from "../keys/circuit.ts";
import { KeysUnavailable } from "../keys/unavailable.ts";
import type { Outcome } from "../layers/observe.ts";
import { measureEventLoop } from "./event-loop-delay.ts";
import { countReloads } from "./reload-metrics.ts";
import type { MetricsSnapshot } from "./snapshot.ts";

export interface Metrics {
	request(outcome: Outcome): void;
	reload(succeeded: boolean): void;
	auditLost(records: number): void;
	/** What every route has to say for itself now: sentences by route. */
	troubles(byRoute: Readonly<Record<string, readonly string[]>>): void;
	/** Of one entry of `keys`. */
	keyProvider(keys: string): CircuitObserver;
	/** OpenMetrics, with exemplars, where `accept` names it; else the Prometheus text format. */
	scrape(accept: string): Promise<{ contentType: string; body: string }>;
	/** For another process to join with those of its like. */
	snapshot(): Promise<MetricsSnapshot>;
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
	// Exemplars are taken by a registry of OpenMetrics only.
	const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
	const registers = [registry];
	collectDefaultMetrics({ register: registry });
	measureEventLoop(registers);
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
		enableExemplars: true,
		registers,
	});
	const upstreamDurations = new Histogram({
		name: "http_client_request_duration_seconds",
		help: "From the head of a request to a store to the head of its answer.",
		labelNames: [
			"upstream",
			"http_request_method",
			"http_response_status_code",
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
	const events = new Counter({
		name: "sealgate_policy_events_total",
		help: "What policies count beside their decisions.",
		labelNames: ["policy", "route", "event"],
		registers,
	});
	const reload = countReloads(registers);
	const providerDurations = new Histogram({
		name: "sealgate_key_provider_call_duration_seconds",
		help: "Calls to key providers, each try for itself.",
		labelNames: ["keys", "operation"],
		buckets,
		registers,
	});
	const providerCalls = new Counter({
		name: "sealgate_key_provider_calls_total",
		help: "Calls to key providers, each try for itself.",
		labelNames: ["keys", "operation"],
		registers,
	});
	const providerErrors = new Counter({
		name: "sealgate_key_provider_errors_total",
		help: "Calls to key providers that failed; circuit-open: that were not made.",
		labelNames: ["keys", "operation", "kind"],
		registers,
	});
	const breakers = new Gauge({
		name: "sealgate_key_provider_breaker_state",
		help: "0: closed, calls are made; 1: open, they are refused; 2: a probe is under way.",
		labelNames: ["keys"],
		aggregator: "max",
		registers,
	});
	const auditLost = new Counter({
		name: "sealgate_audit_lost_records_total",
		help: "Audit records that could not be written.",
		registers,
	});
	const troubles = new Gauge({
		name: "sealgate_route_troubles",
		help: "Sentences of /readyz about a route: doors that its options leave open, or what keeps it from its work.",
		labelNames: ["route"],
		aggregator: "max",
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
		aggregator: "first",
		registers,
	}).set({ version, node: process.versions.node }, 1);
	return {
		request({ exchange, status, duration }) {
			const { findings, received } = exchange;
			durations.observe({
				labels: {
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
				value: duration / 1_000,
				exemplarLabels: exemplar(exchange.span.traceparent),
			});
			for (const sent of findings.upstreamRequests) {
				upstreamDurations.observe(
					{
						upstream: sent.upstream,
						http_request_method: sent.method,
						http_response_status_code: String(sent.status ?? ""),
						error_type: sent.error ?? "",
					},
					sent.duration / 1_000,
				);
			}
			bytes.inc({ direction: "in", side: "client" }, findings.bytesIn);
			bytes.inc({ direction: "out", side: "client" }, findings.bytesOut);
			for (const { policy, route, mode, outcome } of findings.decisions) {
				decisions.inc({ policy, route, mode, outcome });
			}
			for (const { policy, route, event } of findings.events ?? []) {
				events.inc({ policy, route, event });
			}
		},
		reload,
		auditLost: (records) => auditLost.inc(records),
		troubles(byRoute) {
			troubles.reset();
			for (const [route, sentences] of Object.entries(byRoute)) {
				troubles.set({ route }, sentences.length);
			}
		},
		keyProvider(keys) {
			breakers.set({ keys }, breakerValue.closed);
			return {
				tried(operation, milliseconds, error) {
					providerCalls.inc({ keys, operation });
					providerDurations.observe({ keys, operation }, milliseconds / 1_000);
					if (error === undefined) return;
					providerErrors.inc({ keys, operation, kind: failureKind(error) });
				},
				heldBack: (operation) =>
					providerErrors.inc({ keys, operation, kind: "circuit-open" }),
				changed: (state) => breakers.set({ keys }, breakerValue[state]),
			};
		},
		async scrape(accept) {
			const chosen = registryFor(
				registry,
				accept.includes("application/openmetrics-text")
					? Registry.OPENMETRICS_CONTENT_TYPE
					: Registry.PROMETHEUS_CONTENT_TYPE,
			);
			return { contentType: chosen.contentType, body: await chosen.metrics() };
		},
		snapshot: () => registry.getMetricsAsJSON(),
	};
}

const breakerValue: Readonly<Record<BreakerState, number>> = {
	closed: 0,
	open: 1,
	probing: 2,
};

/** Of a closed set. */
function failureKind(error: unknown): string {
	if (error instanceof KeysUnavailable) return error.outage;
	if (error instanceof DecryptionError) return error.reason;
	return error instanceof SealgateError ? error.code : "internal";
}

/** Only a trace that is recorded is worth a look. */
function exemplar(traceparent: string | undefined): Record<string, string> {
	const [, traceId, , flags] = traceparent?.split("-") ?? [];
	return traceId !== undefined && flags === "01" ? { trace_id: traceId } : {};
}

/** The same metrics for one scrape: writing them changes their names to those of the format. */
function registryFor(
	registry: Registry<OpenMetricsContentType>,
	contentType: RegistryContentType,
): Registry<RegistryContentType> {
	const scraped = new Registry(contentType);
	for (const metric of registry.getMetricsAsArray() as unknown[]) {
		const { name } = metric as { name: string };
		const own = { name: { value: name, writable: true } };
		scraped.registerMetric(Object.create(metric as object, own));
	}
	return scraped;
}
