import { changeSecret } from "../../keys/keyring-file.ts";
import { recorded } from "../command-record.ts";
import {
	derivationOf,
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "./entry.ts";

/** The keyring under another secret; the configuration has to name it from now on. */
export async function changeKeyringSecret(
	options: KeysOptions & SecretOptions,
): Promise<number> {
	const { loaded, name, path, secret } = await entryOf(options);
	const after = secretFrom(options, "the keyring");
	const { keys, versions } = await recorded(
		loaded,
		{ command: "keys change-secret", keys: name },
		async () => ({
			...(await changeSecret(path, secret, after, derivationOf(after, loaded))),
			keyIds: [],
		}),
	);
	console.log(
		options.json
			? JSON.stringify({ keyring: path, keys, versions })
			: `${path} holds ${keys} keys in ${versions} versions under the new secret; name it in the configuration`,
	);
	return 0;
}
