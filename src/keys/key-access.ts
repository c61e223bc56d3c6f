/** The keys of one entry of `keys`, as a route may use them; each use is noted for the audit record. */
import type { Exchange } from "../exchange.ts";
import type { KeyContext } from "./context.ts";
import { type KeyUser, requireAllowed, type Statement } from "./key-policy.ts";
import type { KeyLease } from "./lease.ts";
import type { WrappingKeyCache } from "./wrapping-key-cache.ts";

export interface KeyAccess {
	/**
	 * The id behind an id or alias, never an alias itself; remembered as long as a wrapping key is.
	 * @throws SealgateError `key-not-found`, `keys-unavailable`
	 */
	idOf(keyId: string, exchange: Exchange): Promise<string>;
	/** Whether two ids name one key: that of a record may be of a replica, which has the key under another id. */
	sameKey(one: string, other: string): boolean;
	/**
	 * A wrapping key for a new record. Use within one request: `using lease = await …`.
	 * @param keyId id or alias
	 * @param bytes plaintext that the record's data key will protect, where known
	 * @throws SealgateError `key-denied`, and what `KeyProvider` throws
	 */
	forSealing(
		keyId: string,
		context: KeyContext,
		bytes: number,
		exchange: Exchange,
	): Promise<KeyLease>;
	/**
	 * A data key for one object, in a format without wrapping keys.
	 * @param keyId id or alias
	 * @throws SealgateError as above
	 */
	forOneObject(
		keyId: string,
		context: KeyContext,
		exchange: Exchange,
	): Promise<KeyLease>;
	/**
	 * The wrapping key of a record or token, or the data key of a format without wrapping keys.
	 * @throws SealgateError as above, and DecryptionError `wrapping-key-refused`
	 */
	forOpening(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		exchange: Exchange,
	): Promise<KeyLease>;
}

/** What one entry of `keys` lends its users. */
export interface LentKeys {
	/** Of the entry. */
	readonly name: string;
	readonly cache: WrappingKeyCache;
	readonly policy: readonly Statement[];
}

/** @param user the route, and the ids and aliases that its policy names */
export function keyAccess(
	{ name, cache, policy }: LentKeys,
	user: Omit<KeyUser, "client">,
): KeyAccess {
	const noted = (
		use: "seal" | "open",
		lease: KeyLease,
		exchange: Exchange,
	): KeyLease => {
		const from = lease.fromProvider ? "provider" : "cache";
		const { keyId } = lease;
		exchange.findings.keyUses.push({ use, keys: name, keyId, from });
		return lease;
	};
	const require = (
		use: "encrypt" | "decrypt",
		keyId: string,
		{ client, signal }: Exchange,
	): Promise<void> => {
		const who = { ...user, client: client?.name ?? "" };
		return requireAllowed(policy, cache, use, keyId, who, signal);
	};
	return {
		idOf: (keyId, { signal }) => cache.idOf(keyId, signal),
		sameKey: (one, other) => cache.sameKey(one, other),
		async forSealing(keyId, context, bytes, exchange) {
			const { signal } = exchange;
			await require("encrypt", keyId, exchange);
			const lease = await cache.forSealing(keyId, context, bytes, signal);
			return noted("seal", lease, exchange);
		},
		async forOneObject(keyId, context, exchange) {
			const { signal } = exchange;
			await require("encrypt", keyId, exchange);
			const lease = await cache.forOneObject(keyId, context, signal);
			return noted("seal", lease, exchange);
		},
		async forOpening(keyId, wrapped, context, exchange) {
			const { signal } = exchange;
			await require("decrypt", keyId, exchange);
			const lease = await cache.forOpening(keyId, wrapped, context, signal);
			return noted("open", lease, exchange);
		},
	};
}
