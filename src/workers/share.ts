/** What of a configuration falls to each of several workers. Pure. */
import { availableParallelism } from "node:os";
import type { Loaded } from "../config/load.ts";
import type { Config } from "../config/schema.ts";

export function workerCount({ workers }: Config): number {
	return workers === "auto" ? availableParallelism() : workers;
}

/**
 * The same configuration for one of `workers` processes: limits of the whole gateway are shared out, rounded up, so
 * that together they stay what was configured. The admin port is the primary's.
 */
export function shareOf(loaded: Loaded, workers: number): Loaded {
	const { config } = loaded;
	const share = (whole: number): number => Math.ceil(whole / workers);
	const { connections, inFlight, queue } = config.limits;
	return {
		...loaded,
		config: {
			...config,
			admin: undefined,
			limits: {
				...config.limits,
				connections: share(connections),
				inFlight: share(inFlight),
				queue: share(queue),
			},
			upstreams: config.upstreams.map((upstream) => ({
				...upstream,
				connections: share(upstream.connections),
			})),
		},
	};
}
