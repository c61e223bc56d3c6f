/** The upstreams of a configuration, ready to be asked. */
import type { Loaded } from "./config/load.ts";
import { credentialSource } from "./credentials.ts";
import { createUpstream } from "./http/upstream.ts";
import type { Store } from "./layers/forward.ts";

/** By their names. */
export function storesOf({ config }: Loaded): Map<string, Store> {
	return new Map(
		config.upstreams.map((upstream): [string, Store] => [
			upstream.name,
			{
				upstream: createUpstream(
					upstream as Parameters<typeof createUpstream>[0],
				),
				region: upstream.region,
				addressing: upstream.addressing,
				integrity: upstream.integrity,
				documentDigest: config.fips ? "sha256" : "md5",
				credentials: credentialSource(upstream.credentials),
			},
		]),
	);
}
