/** The entries of `keys`, opened. */
import { type KeyAccess, keyAccess, type LentKeys } from "./key-access.ts";
import { isKeyring, type KeyringProvider } from "./keyring-provider.ts";
import type { KeyProvider } from "./provider.ts";
import type { ConfiguredKeys } from "./provider-plugin.ts";
import { defaultLimits, WrappingKeyCache } from "./wrapping-key-cache.ts";

export interface OpenKeys {
	/** @param named ids and aliases that the route's policy names @throws Error where no entry has that name */
	of(name: string, route: string, named: readonly string[]): KeyAccess;
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

interface Opened extends LentKeys {
	readonly provider: KeyProvider;
	/** The provider itself, where it is a keyring. */
	readonly keyring: KeyringProvider | undefined;
}

/**
 * Opens every entry.
 * @param folder of the configuration: paths are relative to it
 * @param before those in use until now
 * @throws SealgateError of the first that does not open, or is older than the one in use
 */
export async function openKeys(
	entries: readonly ConfiguredKeys[],
	folder: string,
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
			const keys = await openEntry(entry, folder);
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

async function openEntry(
	{ name, plugin, options, cache, policy }: ConfiguredKeys,
	directory: string,
): Promise<Opened> {
	const provider = await plugin.open(options, { name, directory });
	const keyring = isKeyring(provider) ? provider : undefined;
	const limits = { ...defaultLimits, ...cache };
	const now = () => performance.now();
	return {
		name,
		provider,
		keyring,
		cache: new WrappingKeyCache(provider, limits, now),
		policy,
	};
}
