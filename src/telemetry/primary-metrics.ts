/** Metrics of the process above the workers, joined with theirs at each scrape. */
import {
	Counter,
	collectDefaultMetrics,
	Gauge,
	Registry,
} from "@prometheus-io/client";
import { countReloads } from "./reload-metrics.ts";
import { joined, type MetricsSnapshot } from "./snapshot.ts";

export interface PrimaryMetrics {
	reload(succeeded: boolean): void;
	/** A worker ended that nobody had told to. */
	died(): void;
	/** Its own and these as one. OpenMetrics where `accept` names it; else the Prometheus text format. */
	scrape(
		accept: string,
		snapshots: readonly MetricsSnapshot[],
	): Promise<{ contentType: string; body: string }>;
}

/** @param serving how many workers are */
export function createPrimaryMetrics(serving: () => number): PrimaryMetrics {
	const registry = new Registry();
	const registers = [registry];
	collectDefaultMetrics({ register: registry });
	const reload = countReloads(registers);
	new Gauge({
		name: "sealgate_workers",
		help: "Worker processes that serve.",
		registers,
		collect() {
			this.set(serving());
		},
	});
	const deaths = new Counter({
		name: "sealgate_worker_deaths_total",
		help: "Worker processes that ended and were not told to.",
		registers,
	});
	return {
		reload,
		died: () => deaths.inc(),
		async scrape(accept, snapshots) {
			const own = await registry.getMetricsAsJSON();
			const all = joined(
				[own, ...snapshots],
				accept.includes("application/openmetrics-text")
					? Registry.OPENMETRICS_CONTENT_TYPE
					: Registry.PROMETHEUS_CONTENT_TYPE,
			);
			return { contentType: all.contentType, body: await all.metrics() };
		},
	};
}
