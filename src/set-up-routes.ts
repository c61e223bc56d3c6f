/** The routes of a configuration with their policies set up: for a running gateway, a command or a question. */
import type { Loaded } from "./config/load.ts";
import { redact } from "./config/redact.ts";
import type { OpenKeys } from "./keys/open-keys.ts";
import type { Plugin, Policy, PolicyHost } from "./plugin.ts";
import type { Route } from "./routes.ts";

export async function closePolicies(routes: readonly Route[]): Promise<void> {
	for (const route of routes) {
		for (const { policy } of route.policies) await policy.close?.();
	}
}

/** @throws ConfigFaults with the sentence of each plugin that cannot work where it stands */
export async function setUpRoutes(
	loaded: Loaded,
	keys: OpenKeys["of"],
): Promise<Route[]> {
	const { config, policies } = loaded;
	const faults: Parameters<Loaded["faults"]>[0][number][] = [];
	const routes = await Promise.all(
		config.routes.map(async (route, index) => {
			const upstream = config.upstreams.find(
				({ name }) => name === route.upstream,
			);
			const { endpoint = "" } = upstream ?? {};
			const host: PolicyHost = {
				keys: (name, keyIds) => keys(name, route.name, keyIds),
				route: route.name,
				prefix: route.match.prefix ?? "",
				upstream: {
					name: route.upstream,
					endpoint,
					secure: endpoint.startsWith("https:"),
				},
				directory: loaded.folder,
			};
			const configured = policies.get(route.name) ?? [];
			return {
				name: route.name,
				match: route.match,
				upstream: route.upstream,
				mode: route.mode,
				policies: await Promise.all(
					configured.map(async ({ plugin, options }, place) => ({
						name: plugin.name,
						effects: plugin.effectsUnder?.(options) ?? plugin.effects,
						options: redact(options, plugin.options),
						policy: await setUp(plugin, options, host).catch(
							({ message }: Error) => {
								const path = ["routes", index, "policies", place];
								faults.push({ path: [...path, plugin.name], message });
								return idle;
							},
						),
					})),
				),
			};
		}),
	);
	if (faults.length === 0) return routes;
	await closePolicies(routes);
	throw loaded.faults(faults);
}

async function setUp(
	plugin: Plugin,
	options: unknown,
	host: PolicyHost,
): Promise<Policy> {
	return plugin.setup(options, host);
}

/** In place of a policy that could not be set up; it serves nothing. */
const idle: Policy = {
	operations: [],
	handle: (request, next) => next(request),
};
