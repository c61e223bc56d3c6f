/** The entries of `keys`, opened: the one table of key providers. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { SealgateError } from "../errors.ts";
import { type KeyAccess, keyAccess, type LentKeys } from "./key-access.ts";
import {
	type KeyringProvider,
	openKeyringProvider,
} from "./keyring-provider.ts";
import { readKeyFile, type Secret } from "./unlock-slot.ts";
import { defaultLimits, WrappingKeyCache } from "./wrapping-key-cache.ts";

type Entry = Config["keys"][number];

/** @param folder of the configuration: paths are relative to it */
const providers: Record<
	Entry["provider"],
	(entry: Entry, folder: string) => Promise<KeyringProvider>
> = {
	keyring: (entry, folder) =>
		openKeyringProvider(resolve(folder, entry.path), secretOf(entry, folder)),
};

/** @throws SealgateError `keyring-missing` where there is no such file, or `argument-invalid` where it holds no key */
export function secretOf(
	entry: Pick<Entry, "keyFile" | "passphrase">,
	folder: string,
): Secret {
	if (entry.keyFile === undefined)
		return { passphrase: Buffer.from(entry.passphrase ?? "") };
	const path = resolve(folder, entry.keyFile);
	try {
		return { key: readKeyFile(readFileSync(path)) };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		throw new SealgateError("keyring-missing", `There is no key file ${path}.`);
	}
}

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
	readonly provider: KeyringProvider;
}

/**
 * Opens every entry.
 * @param before those in use until now
 * @throws SealgateError of the first that does not open, or is older than the one in use
 */
export async function openKeys(
	entries: readonly Entry[],
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
			const { provider } = keys;
			const used = before?.keyrings.get(provider.path);
			if (used !== undefined) provider.requireNewerThan(used);
		} catch (error) {
			await close();
			throw error;
		}
	}
	return {
		of(name, route, named) {
			const found = opened.get(name);
			if (found === undefined) throw new Error(`no keys are named "${name}"`);
			return keyAccess(found, { route, named });
		},
		files: [...opened.values()].map(({ provider }) => provider.path),
		keyrings: new Map(
			[...opened.values()].map(({ provider }) => [provider.path, provider]),
		),
		async reload(failed) {
			for (const [name, keys] of opened) {
				try {
					await keys.provider.reload();
					keys.cache.evictAll();
				} catch (error) {
					failed(name, error as Error);
				}
			}
		},
		async rotateDue(now, rotated, failed) {
			for (const [name, keys] of opened) {
				try {
					const keyIds = await keys.provider.rotateDue(now);
					if (keyIds.length === 0) continue;
					keys.cache.evictAll();
					rotated(name, keyIds);
				} catch (error) {
					failed(name, error as Error);
				}
			}
		},
		close,
	};
}

async function openEntry(entry: Entry, folder: string): Promise<Opened> {
	const provider = await providers[entry.provider](entry, folder);
	const limits = { ...defaultLimits, ...entry.cache };
	const now = () => performance.now();
	const cache = new WrappingKeyCache(provider, limits, now);
	return { name: entry.name, provider, cache, policy: entry.policy };
}
