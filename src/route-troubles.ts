/** What is no fault of a configuration, and keeps a route from its work or leaves a door open. Pure. */
import type { Route } from "./routes.ts";

/** Sentences by route. A route in trouble takes none of the others down with it. */
export function troublesOf(
	routes: readonly Route[],
): Record<string, readonly string[]> {
	const told = routes.map((route): [string, string[]] => [
		route.name,
		[
			...onlyObserving(route),
			...route.policies.flatMap(({ policy }) => policy.troubles?.() ?? []),
		],
	]);
	return Object.fromEntries(told.filter(([, troubles]) => troubles.length > 0));
}

function onlyObserving({ mode, policies }: Route): string[] {
	if (mode !== "observe") return [];
	return policies
		.filter(({ effects }) => effects.includes("body"))
		.map(
			({ name }) =>
				`it only observes: ${name} reads what is encrypted, and encrypts nothing`,
		);
}
