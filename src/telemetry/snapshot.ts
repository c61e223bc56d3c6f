/** The metrics of several processes as those of one. Pure. */
import {
	type MetricObject,
	Registry,
	type RegistryContentType,
} from "@prometheus-io/client";

/** The metrics of one process with their values; it travels between processes. */
export type MetricsSnapshot = readonly MetricObject[];

/**
 * Counters and histograms add up; gauges as their metric says (`sum`, `max`, `first`, …).
 * @param snapshots of one version of the software. The first of them is the `first`
 */
export function joined(
	snapshots: readonly MetricsSnapshot[],
	contentType: RegistryContentType,
): Registry<RegistryContentType> {
	const named =
		contentType === Registry.OPENMETRICS_CONTENT_TYPE
			? snapshots.map((metrics) => metrics.map(withoutTotal))
			: snapshots;
	const registry: Registry<RegistryContentType> = Registry.aggregate(
		named.map((metrics) => [...metrics]),
	);
	registry.setContentType(contentType);
	return registry;
}

/** What counted in processes that are gone: without it a sum would fall when one of them ends. */
export async function counted(
	snapshots: readonly MetricsSnapshot[],
): Promise<MetricsSnapshot> {
	const counts = snapshots.map((metrics) =>
		metrics.filter(({ type }) => type !== "gauge"),
	);
	const sums = joined(counts, Registry.PROMETHEUS_CONTENT_TYPE);
	return await sums.getMetricsAsJSON();
}

/** OpenMetrics names a counter without the ending that its samples have. */
function withoutTotal(metric: MetricObject): MetricObject {
	if (metric.type !== "counter") return metric;
	return { ...metric, name: metric.name.replace(/_total$/, "") };
}
