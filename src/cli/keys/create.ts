import { existsSync } from "node:fs";
import type { KeyringKey } from "../../keys/keyring.ts";
import { addKey } from "../../keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../keys/keyring-file.ts";
import { recorded } from "../command-record.ts";
import { derivationOf, entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

/** Makes a key, and the keyring where there is none. @param alias undefined: a key that only its id names */
export async function createKey(
	alias: string | undefined,
	options: KeysOptions & { readonly rotateEvery?: number },
): Promise<number> {
	const { loaded, name, path, secret } = await entryOf(options);
	const { rotateEvery } = options;
	const named = alias === undefined ? {} : { named: alias };
	const change = addKey({
		...(alias !== undefined && { alias }),
		...(rotateEvery !== undefined && { rotateEvery }),
	});
	const { ring, key } = await recorded(
		loaded,
		{ command: "keys create", keys: name, ...named },
		async () => {
			const now = new Date();
			if (!existsSync(path)) {
				await createKeyring(path, secret, derivationOf(secret, loaded), now);
				console.error(`made the keyring ${path}; back it up with its secret`);
			}
			const ring = await changeKeyring(path, secret, change, now);
			const key = ring.keys.at(-1) as KeyringKey;
			return { ring, key, keyIds: [key.id] };
		},
	);
	show(ring, key, options.json);
	return 0;
}
