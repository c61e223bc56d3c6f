/** What a gateway says of itself on `/readyz`. */
import type { ProviderHealth } from "./keys/open-keys.ts";

export interface GatewayState {
	readonly draining: boolean;
	/** Sentences by route. */
	readonly troubles: Readonly<Record<string, readonly string[]>>;
	/** By entry of `keys`. */
	readonly keys: Readonly<Record<string, ProviderHealth>>;
}
