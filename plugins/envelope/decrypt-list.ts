/** The keys that a route opens records with. A record never introduces a key: it may only name one of these. */
import type { Exchange } from "../../src/index.ts";
import type { Envelope } from "./settings.ts";

/** @throws SealgateError where the key provider does not know a key of the list */
export async function mayOpen(
	{ options, keys }: Envelope,
	keyId: string,
	exchange: Exchange,
): Promise<boolean> {
	const listed = options.decrypt ?? [options.keyId];
	if (listed.some((name) => keys.sameKey(name, keyId))) return true;
	for (const name of listed) {
		if (keys.sameKey(await keys.idOf(name, exchange), keyId)) return true;
	}
	return false;
}
