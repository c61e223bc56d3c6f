import { changeSecret } from "../../keys/keyring-file.ts";
import { recorded } from "../command-record.ts";
import {
	derivationOf,
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "./entry.ts";

/** The keyring under another secret, in its place. The configuration is to name the new one before the next start. */
export async function changeKeyringSecret(
	options: KeysOptions & SecretOptions,
): Promise<number> {
	const { loaded, name, path, secret } = await entryOf(options);
	const next = secretFrom(options, "the keyring, from now on,");
	const { keys, versions } = await recorded(
		loaded,
		{ command: "keys change-secret", keys: name },
		async () => {
			const derivation = derivationOf(next, loaded);
			const done = await changeSecret(path, secret, next, derivation);
			return { ...done, keyIds: [] };
		},
	);
	console.log(
		options.json
			? JSON.stringify({ keyring: path, keys, versions })
			: `${path} opens by the new secret: ${keys} keys in ${versions} versions. Name it in the configuration`,
	);
	return 0;
}
