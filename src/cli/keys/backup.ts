import { copyKeyring } from "../../keys/keyring-file.ts";
import { recorded } from "../command-record.ts";
import {
	derivationOf,
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "./entry.ts";

/** The whole keyring into another file, under a secret of its own; read back before this says that it is done. */
export async function backupKeys(
	options: KeysOptions & SecretOptions & { readonly to: string },
): Promise<number> {
	const { to, json } = options;
	const { loaded, name, path, secret } = await entryOf(options);
	const own = secretFrom(options, "the backup");
	const { keys, versions } = await recorded(
		loaded,
		{ command: "keys backup", keys: name },
		async () => {
			const copy = { path: to, secret: own };
			const done = await copyKeyring(
				{ path, secret },
				copy,
				derivationOf(own, loaded),
			);
			return { ...done, keyIds: [] };
		},
	);
	console.log(
		json
			? JSON.stringify({ backup: to, keys, versions })
			: `${to} holds ${keys} keys in ${versions} versions`,
	);
	return 0;
}
