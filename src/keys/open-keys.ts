/** The entries of `keys`, opened. */
import { type CircuitObserver, usualPatience } from "./circuit.ts";
import { type GuardedProvider, guarded } from "./guarded-provider.ts";
import { type KeyAccess, keyAccess, type LentKeys } from "./key-access.ts";
import { isKeyring, type KeyringProvider } from "./keyring-provider.ts";
import type { ConfiguredKeys } from "./provider-plugin.ts";
import { defaultLimits, WrappingKeyCache } from "./wrapping-key-cache.ts";

export interface OpenKeys {
	/** @param named ids and aliases that the route's policy names @throws Error where no entry has that name */
	of(name: string, route: string, named: readonly string[]): KeyAccess;
	/** How each entry's key provider is. */
	health(): Readonly<Record<string, ProviderHealth>>;
	/** The keyrings' files. */
	readonly files: readonly string[];
	/**
	 * Looks at every keyring again; what is cached is let go, so that a disabled key refuses at once.
	 * @param failed told of one that stays as it was
	 */
	reload(failed: (name: string, error: Error) => void): Promise<void>;
	/** Makes new versions of the keys that are due. @param rotated told of each entry's */
	rotateDue(
		now: Date,
		rotated: (name: string, keyIds: readonly string[]) => void,
		failed: (name: string, error: Error) => void,
	): Promise<void>;
	close(): Promise<void>;
	/** For the next that are opened: no keyring may be older than it was here. */
	readonly keyrings: ReadonlyMap<string, KeyringProvider>;
}

export interface ProviderHealth {
	readonly provider: string;
	readonly breaker: GuardedProvider["circuit"]["state"];
	/** The last one, while the breaker is not closed. */
	readonly outage?: GuardedProvider["circuit"]["outage"];
}

interface Opened extends LentKeys {
	/** Of the plugin. */
	readonly kind: string;
	readonly provider: GuardedProvider;
	/** The provider itself, where it is a keyring. */
	readonly keyring: KeyringProvider | undefined;
}

/**
 * Opens every entry.
 * @param place of the configuration: its folder, which paths are relative to, and whether it says `fips`
 * @param observe who is told of each entry's calls
 * @param before those in use until now
 * @throws SealgateError of the first that does not open, or is older than the one in use
 */
export async function openKeys(
	entries: readonly ConfiguredKeys[],
	{ folder, fips }: { readonly folder: string; readonly fips: boolean },
	observe: (name: string) => CircuitObserver,
	before?: OpenKeys,
): Promise<OpenKeys> {
	const opened = new Map<string, Opened>();
	const close = async (): Promise<void> => {
		for (const { provider, cache } of opened.values()) {
			cache.close();
			await provider.close?.();
		}
	};
	for (const entry of entries) {
		try {
			const keys = await openEntry(entry, folder, fips, observe(entry.name));
			opened.set(entry.name, keys);
			const { keyring } = keys;
			const used = before?.keyrings.get(keyring?.path ?? "");
			if (used !== undefined) keyring?.requireNewerThan(used);
		} catch (error) {
			await close();
			throw error;
		}
	}
	const keyrings = new Map(
		[...opened.values()].flatMap(({ keyring }) =>
			keyring === undefined ? [] : [[keyring.path, keyring] as const],
		),
	);
	return {
		of(name, route, named) {
			const found = opened.get(name);
			if (found === undefined) throw new Error(`no keys are named "${name}"`);
			return keyAccess(found, { route, named });
		},
		health: () =>
			Object.fromEntries(
				[...opened].map(([name, { kind, provider }]) => [
					name,
					healthOf(kind, provider),
				]),
			),
		files: [...keyrings.keys()],
		keyrings,
		async reload(failed) {
			for (const [name, { keyring, cache }] of opened) {
				try {
					if (keyring === undefined) continue;
					await keyring.reload();
					cache.evictAll();
				} catch (error) {
					failed(name, error as Error);
				}
			}
		},
		async rotateDue(now, rotated, failed) {
			for (const [name, { keyring, cache }] of opened) {
				try {
					const keyIds = (await keyring?.rotateDue(now)) ?? [];
					if (keyIds.length === 0) continue;
					cache.evictAll();
					rotated(name, keyIds);
				} catch (error) {
					failed(name, error as Error);
				}
			}
		},
		close,
	};
}

function healthOf(
	provider: string,
	{ circuit: { state, outage } }: GuardedProvider,
): ProviderHealth {
	return { provider, breaker: state, ...(outage && { outage }) };
}

async function openEntry(
	{ name, plugin, options, cache, policy }: ConfiguredKeys,
	directory: string,
	fips: boolean,
	observer: CircuitObserver,
): Promise<Opened> {
	const held = await plugin.open(options, { name, directory, fips });
	const provider = guarded(held, usualPatience, observer);
	const limits = { ...defaultLimits, ...cache };
	const now = () => performance.now();
	return {
		name,
		kind: plugin.name,
		provider,
		keyring: isKeyring(held) ? held : undefined,
		cache: new WrappingKeyCache(provider, limits, now),
		policy,
	};
}
