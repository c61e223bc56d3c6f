/** What a gateway asked of others, by its own metrics. Unlike CPU time these are the same on every machine. */

export interface Counts {
	readonly upstreamRequests: number;
	readonly keyProviderCalls: number;
}

const metrics = {
	upstreamRequests: "http_client_request_duration_seconds_count",
	keyProviderCalls: "sealgate_key_provider_calls_total",
} as const;

/** Since the process was started. @param admin `host:port` of its admin listener */
export async function countsOf(admin: string): Promise<Counts> {
	const answer = await fetch(`http://${admin}/metrics`);
	const lines = (await answer.text()).split("\n");
	if (!answer.ok) throw new Error(`${admin} answered ${answer.status}`);
	const sum = (metric: string): number =>
		lines
			.filter((line) => line.startsWith(metric))
			.reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);
	return {
		upstreamRequests: sum(metrics.upstreamRequests),
		keyProviderCalls: sum(metrics.keyProviderCalls),
	};
}

/** For each of `requests`, between two moments. */
export function perRequest(
	before: Counts,
	after: Counts,
	requests: number,
): Counts {
	const each = (name: keyof Counts) => (after[name] - before[name]) / requests;
	return {
		upstreamRequests: each("upstreamRequests"),
		keyProviderCalls: each("keyProviderCalls"),
	};
}
