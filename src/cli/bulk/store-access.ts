/** The upstreams of a configuration, asked past every policy: for what changes nothing, or was judged before. */
import type { Ask } from "../../bulk/ask.ts";
import type { Loaded } from "../../config/load.ts";
import { createExchange } from "../../exchange.ts";
import { forward } from "../../layers/forward.ts";
import { chooseRoute, type Route } from "../../routes.ts";
import { storesOf } from "../../stores.ts";
import { UsageError } from "../answer.ts";

export interface StoreAccess {
	readonly stores: ReturnType<typeof storesOf>;
	/** At the upstream of the request's route. */
	readonly ask: Ask;
	routeOf(bucket: string, key: string | undefined): Route;
	close(): Promise<void>;
}

/**
 * @param client by whose routes
 * @throws UsageError where the configuration does not have what is asked of it
 */
export function openStores(loaded: Loaded, client: string): StoreAccess {
	const { config } = loaded;
	if (config.authentication === "passthrough")
		throw new UsageError(
			"under authentication: passthrough the gateway holds no credentials of its own: name a configuration whose upstream has them",
		);
	if (client !== "" && !config.clients.some(({ name }) => name === client))
		throw new UsageError(`no client is named "${client}"`);
	const stores = storesOf(loaded);
	const routes = config.routes.map((route) => ({ ...route, policies: [] }));
	const routeOf = (bucket: string, key: string | undefined): Route =>
		chooseRoute(routes, { operation: "GetObject", bucket, key, client });
	const send = forward(stores);
	return {
		stores,
		routeOf,
		ask(request) {
			const { bucket = "", key, method } = request.operation;
			const route = routeOf(bucket, key);
			// What has begun is finished: no request hears of the run's end.
			const { signal } = new AbortController();
			return send(request, { ...createExchange(local(method), signal), route });
		},
		async close() {
			await Promise.all(
				[...stores.values()].map(({ upstream }) => upstream.close()),
			);
		},
	};
}

/** What stands for the head of a request that came over no wire. */
export function local(method: string): Parameters<typeof createExchange>[0] {
	const remoteAddress = "local";
	return { method, target: "", host: "", remoteAddress, secure: true };
}
