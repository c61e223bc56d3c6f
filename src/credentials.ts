/** Where the keys of an upstream come from. */

import type { Config } from "./config/schema.ts";
import { SealgateError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { Credentials } from "./sigv4/sign.ts";

type Configured = Config["upstreams"][number]["credentials"];

/** Milliseconds before their end at which temporary keys are fetched anew. */
const early = 5 * 60_000;

/** Finds the keys for one request; undefined where requests leave unsigned. */
export function credentialSource(
	configured: Configured,
): (exchange: Exchange) => Promise<Credentials | undefined> {
	if (configured === "anonymous") return async () => undefined;
	if (configured === "default") return defaultChain();
	if ("accessKeyId" in configured) return async () => configured;
	return async (exchange) => {
		const name = exchange.client?.name ?? "";
		const found = Object.hasOwn(configured.clients, name)
			? configured.clients[name]
			: configured.default;
		if (found !== undefined) return found;
		throw new SealgateError(
			"access-denied",
			`Access Denied: no upstream credentials are configured for client "${name}".`,
		);
	};
}

/** The AWS chain: environment, profiles, web identity, container and instance roles. One look-up at a time. */
function defaultChain(): () => Promise<Credentials> {
	let known: (Credentials & { expiration?: Date }) | undefined;
	let pending: Promise<Credentials> | undefined;
	const look = async (): Promise<Credentials> => {
		const { fromNodeProviderChain } = await import(
			"@aws-sdk/credential-providers"
		);
		known = await fromNodeProviderChain()();
		return known;
	};
	return () => {
		const ends = known?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
		if (known !== undefined && ends - Date.now() > early)
			return Promise.resolve(known);
		pending ??= look().finally(() => {
			pending = undefined;
		});
		return pending;
	};
}
