/** The entries of `keys`, opened: the one table of key providers. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/schema.ts";
import { SealgateError } from "../errors.ts";
import { type KeyAccess, keyAccess } from "./key-access.ts";
import { openKeyringProvider } from "./keyring-provider.ts";
import type { KeyProvider } from "./provider.ts";
import { readKeyFile, type Secret } from "./unlock-slot.ts";
import { defaultLimits, WrappingKeyCache } from "./wrapping-key-cache.ts";

type Entry = Config["keys"][number];

/** @param folder of the configuration: paths are relative to it */
const providers: Record<
	Entry["provider"],
	(entry: Entry, folder: string) => Promise<KeyProvider>
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
	/** @throws Error where no entry has that name */
	of(name: string): KeyAccess;
	close(): Promise<void>;
}

/** Opens every entry. @throws SealgateError of the first that does not open */
export async function openKeys(
	entries: readonly Entry[],
	folder: string,
): Promise<OpenKeys> {
	const opened = new Map<
		string,
		{ readonly provider: KeyProvider; readonly cache: WrappingKeyCache }
	>();
	const close = async (): Promise<void> => {
		for (const { provider, cache } of opened.values()) {
			cache.close();
			await provider.close?.();
		}
	};
	for (const entry of entries) {
		try {
			const provider = await providers[entry.provider](entry, folder);
			const limits = { ...defaultLimits, ...entry.cache };
			const now = () => performance.now();
			const cache = new WrappingKeyCache(provider, limits, now);
			opened.set(entry.name, { provider, cache });
		} catch (error) {
			await close();
			throw error;
		}
	}
	return {
		of(name) {
			const found = opened.get(name);
			if (found === undefined) throw new Error(`no keys are named "${name}"`);
			return keyAccess(name, found.cache);
		},
		close,
	};
}
