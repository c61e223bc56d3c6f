/** What `/readyz` says of several workers. Pure. */
import type { GatewayState } from "../gateway-state.ts";
import type { ProviderHealth } from "../keys/open-keys.ts";

const badness = { closed: 0, probing: 1, open: 2 } as const;

/**
 * Ready where at least one worker serves and all that serve answer and do not drain: one that hangs is still handed
 * connections, and one that is being replaced is not. Of the rest, what any of them says, and the worst.
 * @param wanted how many workers there should be
 * @param states of those that serve; undefined where one gave no answer in time
 */
export function readinessOf(
	wanted: number,
	states: readonly (GatewayState | undefined)[],
	draining: boolean,
): {
	readonly ready: boolean;
	readonly details: Readonly<Record<string, unknown>>;
} {
	const told = states.filter((state) => state !== undefined);
	const ready = told.filter((state) => !state.draining).length;
	return {
		ready: !draining && ready > 0 && ready === states.length,
		details: {
			draining,
			troubles: troublesOf(told),
			keys: keysOf(told),
			workers: { wanted, serving: states.length, ready },
		},
	};
}

function troublesOf(states: readonly GatewayState[]): GatewayState["troubles"] {
	const all = new Map<string, Set<string>>();
	for (const { troubles } of states) {
		for (const [route, sentences] of Object.entries(troubles)) {
			const before = all.get(route) ?? [];
			all.set(route, new Set([...before, ...sentences]));
		}
	}
	return Object.fromEntries(
		[...all].map(([route, sentences]) => [route, [...sentences]]),
	);
}

function keysOf(states: readonly GatewayState[]): GatewayState["keys"] {
	const worst: Record<string, ProviderHealth> = {};
	for (const { keys } of states) {
		for (const [name, health] of Object.entries(keys)) {
			const before = worst[name];
			if (
				before === undefined ||
				badness[health.breaker] > badness[before.breaker]
			)
				worst[name] = health;
		}
	}
	return worst;
}
