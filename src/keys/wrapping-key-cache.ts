/**
 * Wrapping keys in use. A process seals only under wrapping keys that it generated; those that it unwrapped only open.
 * Concurrent calls for one key are one call to the provider. A refused blob is remembered for a while, an outage never.
 */
import { hash } from "node:crypto";
import { DecryptionError } from "../crypto/decryption-error.ts";
import { SealgateError } from "../errors.ts";
import type { KeyContext } from "./context.ts";
import { type KeyLease, SharedKey } from "./lease.ts";
import type { KeyProvider } from "./provider.ts";
import { Refusals } from "./refusals.ts";
import { SingleFlight } from "./single-flight.ts";

export interface CacheLimits {
	/** Milliseconds after which a key is asked for anew; so a disabled key is refused after this time at the latest. */
	readonly maxAge: number;
	/** Leases for sealing under one wrapping key. */
	readonly maxUses: number;
	/** Plaintext bytes under one wrapping key. */
	readonly maxBytes: number;
	/** Wrapping keys held for opening, and refusals remembered; the least recently used goes first. */
	readonly maxKeys: number;
	/** Milliseconds for which a refusal is remembered. */
	readonly maxRefusalAge: number;
}

export const defaultLimits: CacheLimits = {
	maxAge: 5 * 60_000,
	maxUses: 2 ** 20,
	maxBytes: 2 ** 50,
	maxKeys: 1_000,
	maxRefusalAge: 60_000,
};

interface Held {
	readonly shared: SharedKey;
	readonly born: number;
	uses: number;
	bytes: number;
}

type KnownName = { readonly until: number } & (
	| { readonly id: string; readonly missing: undefined }
	| { readonly id: undefined; readonly missing: SealgateError }
);

/** Whether a provider said that no key has that name. */
export function isMissing(error: unknown): error is SealgateError {
	return error instanceof SealgateError && error.code === "key-not-found";
}

function isOutage(error: unknown): boolean {
	return error instanceof SealgateError && error.code === "keys-unavailable";
}

export class WrappingKeyCache {
	readonly #provider: KeyProvider;
	readonly #limits: CacheLimits;
	readonly #now: () => number;
	readonly #sealing = new Map<string, Held>();
	/** In the order of their last use. */
	readonly #opening = new Map<string, Held>();
	/** By the names that the configuration uses: few. */
	readonly #names = new Map<string, KnownName>();
	readonly #refusals: Refusals;
	readonly #flights = new SingleFlight<Held>();
	readonly #nameFlights = new SingleFlight<string>();
	readonly #closed = new AbortController();
	#swept: number;

	/** @param now milliseconds of a clock that never goes back, such as `performance.now` */
	constructor(provider: KeyProvider, limits: CacheLimits, now: () => number) {
		this.#provider = provider;
		this.#limits = limits;
		this.#now = now;
		this.#refusals = new Refusals(limits.maxKeys, limits.maxRefusalAge);
		this.#swept = now();
	}

	/**
	 * A wrapping key for a new record.
	 * @param keyId id or alias
	 * @param bytes plaintext that the record's data key will protect, where known
	 * @throws what `KeyProvider.generate` throws, or the signal's reason
	 */
	async forSealing(
		keyId: string,
		context: KeyContext,
		bytes: number,
		signal: AbortSignal,
	): Promise<KeyLease> {
		const name = nameOf(keyId, context);
		for (;;) {
			this.#closed.signal.throwIfAborted();
			this.#sweep();
			const held = this.#sealing.get(name);
			if (held !== undefined) {
				const lease = this.#use(name, held, bytes, false);
				if (lease !== undefined) return lease;
			}
			const generate = () => this.#generate(name, keyId, context);
			const made = await this.#flights.join(`seal ${name}`, generate, signal);
			// Evicted between its making and now: erased already, so another is made.
			const lease = this.#use(name, made.value, bytes, made.began);
			if (lease !== undefined) return lease;
		}
	}

	/**
	 * A data key that no other caller gets; it is erased with its lease.
	 * @param keyId id or alias
	 * @throws what `KeyProvider.generate` throws, or the signal's reason
	 */
	async forOneObject(
		keyId: string,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<KeyLease> {
		const either = AbortSignal.any([signal, this.#closed.signal]);
		either.throwIfAborted();
		const made = await this.#provider.generate(keyId, context, either);
		const shared = new SharedKey(made);
		const lease = shared.lease(true);
		shared.letGo();
		if (lease !== undefined) return lease;
		throw new SealgateError("internal", "A new key was erased already.");
	}

	/**
	 * The wrapping key of a record or token.
	 * @param keyId as the record has it, once it was found to be one that the route may use
	 * @throws what `KeyProvider.unwrap` throws, or the signal's reason
	 */
	async forOpening(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<KeyLease> {
		const name = nameOf(keyId, context, wrapped);
		for (;;) {
			this.#closed.signal.throwIfAborted();
			this.#sweep();
			const held = this.#opening.get(name);
			if (held !== undefined && this.#fresh(held)) {
				this.#opening.delete(name);
				this.#opening.set(name, held);
				const lease = held.shared.lease(false);
				if (lease !== undefined) return lease;
			}
			this.#refusals.throwIfKnown(name, this.#now());
			const unwrap = () => this.#unwrap(name, keyId, wrapped, context);
			const made = await this.#flights.join(`open ${name}`, unwrap, signal);
			const lease = made.value.shared.lease(made.began);
			if (lease !== undefined) return lease;
		}
	}

	/**
	 * The id behind an id or alias; remembered for `maxAge`, and so is that no key has the name. During an outage a name
	 * lasts as long as any wrapping key that was fetched under it, so that cached keys go on serving.
	 * @throws what `KeyProvider.describe` throws, or the signal's reason
	 */
	async idOf(keyId: string, signal: AbortSignal): Promise<string> {
		const known = this.#names.get(keyId);
		if (known !== undefined && known.until > this.#now()) {
			if (known.missing !== undefined) throw known.missing;
			return known.id;
		}
		const describe = () => this.#describe(keyId);
		try {
			const described = await this.#nameFlights.join(keyId, describe, signal);
			return described.value;
		} catch (error) {
			const until = (known?.until ?? 0) + this.#limits.maxAge;
			const lasts = known?.missing === undefined && until > this.#now();
			if (known?.id !== undefined && lasts && isOutage(error)) return known.id;
			throw error;
		}
	}

	async #describe(keyId: string): Promise<string> {
		const until = () => this.#now() + this.#limits.maxAge;
		const { signal } = this.#closed;
		try {
			const { keyId: id } = await this.#provider.describe(keyId, signal);
			// An id names itself: what an alias led to is not asked for again under its id.
			for (const name of [keyId, id])
				this.#names.set(name, { id, missing: undefined, until: until() });
			return id;
		} catch (error) {
			if (isMissing(error))
				this.#names.set(keyId, {
					id: undefined,
					missing: error,
					until: until(),
				});
			throw error;
		}
	}

	/** Whether two ids name one key: `KeyProvider.sameKey`. */
	sameKey(one: string, other: string): boolean {
		return one === other || (this.#provider.sameKey?.(one, other) ?? false);
	}

	/** Lets every key go; those on lease are erased when they come back. */
	evictAll(): void {
		for (const map of [this.#sealing, this.#opening]) {
			for (const name of [...map.keys()]) this.#evict(map, name);
		}
		this.#refusals.clear();
		this.#names.clear();
	}

	/** Evicts, and gives up calls to the provider that are under way. */
	close(): void {
		this.#closed.abort(new Error("the key cache was closed"));
		this.evictAll();
	}

	async #generate(
		name: string,
		keyId: string,
		context: KeyContext,
	): Promise<Held> {
		const { signal } = this.#closed;
		const made = await this.#provider.generate(keyId, context, signal);
		const held = this.#held(new SharedKey(made));
		this.#put(this.#sealing, name, held);
		if (held.shared.hold()) {
			const opening = nameOf(made.keyId, context, made.wrapped);
			this.#put(this.#opening, opening, held);
		}
		return held;
	}

	async #unwrap(
		name: string,
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
	): Promise<Held> {
		const { signal } = this.#closed;
		try {
			// A copy: the record's bytes belong to whoever read them.
			const blob = Buffer.from(wrapped);
			const key = await this.#provider.unwrap(keyId, blob, context, signal);
			const held = this.#held(new SharedKey({ key, wrapped: blob, keyId }));
			this.#put(this.#opening, name, held);
			return held;
		} catch (error) {
			if (error instanceof DecryptionError) {
				this.#refusals.add(name, error, this.#now());
			}
			throw error;
		}
	}

	#held(shared: SharedKey): Held {
		return { shared, born: this.#now(), uses: 0, bytes: 0 };
	}

	#use(
		name: string,
		held: Held,
		bytes: number,
		fromProvider: boolean,
	): KeyLease | undefined {
		const { maxUses, maxBytes } = this.#limits;
		// The first use is granted whatever its size: a larger object needs a key, too.
		const spent =
			held.uses >= maxUses || (held.uses > 0 && held.bytes + bytes > maxBytes);
		if (spent || !this.#fresh(held)) {
			if (this.#sealing.get(name) === held) this.#evict(this.#sealing, name);
			return undefined;
		}
		const lease = held.shared.lease(fromProvider);
		if (lease === undefined) return undefined;
		held.uses++;
		held.bytes += bytes;
		return lease;
	}

	#fresh(held: Held): boolean {
		return this.#now() - held.born < this.#limits.maxAge;
	}

	#put(map: Map<string, Held>, name: string, held: Held): void {
		this.#evict(map, name);
		map.set(name, held);
		while (map.size > this.#limits.maxKeys) {
			this.#evict(map, map.keys().next().value as string);
		}
		if (this.#closed.signal.aborted) this.#evict(map, name);
	}

	#evict(map: Map<string, Held>, name: string): void {
		const held = map.get(name);
		if (held === undefined) return;
		map.delete(name);
		held.shared.letGo();
	}

	/** Now and then, so that keys nobody asks for do not stay in memory. */
	#sweep(): void {
		const now = this.#now();
		if (now - this.#swept < this.#limits.maxAge / 10) return;
		this.#swept = now;
		for (const map of [this.#sealing, this.#opening]) {
			for (const [name, held] of [...map]) {
				if (!this.#fresh(held)) this.#evict(map, name);
			}
		}
	}
}

function nameOf(keyId: string, context: KeyContext, wrapped?: Buffer): string {
	const pairs = Object.entries(context).sort();
	const parts = [keyId, pairs, wrapped?.toString("base64")];
	return hash("sha256", JSON.stringify(parts), "base64url");
}
