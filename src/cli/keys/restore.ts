import { existsSync } from "node:fs";
import { SealgateError } from "../../errors.ts";
import { copyKeyring, verifyKeyring } from "../../keys/keyring-file.ts";
import { recorded } from "../command-record.ts";
import {
	derivationOf,
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "./entry.ts";

/** A backup into the place of the keyring, where there is none, under the secret of the configuration. */
export async function restoreKeys(
	options: KeysOptions &
		SecretOptions & { readonly from: string; readonly dryRun?: boolean },
): Promise<number> {
	const { from, dryRun = false, json } = options;
	const { loaded, name, path, secret } = await entryOf(options);
	const own = secretFrom(options, "the backup");
	const act = async () => {
		if (existsSync(path)) {
			throw new SealgateError(
				"keyring-exists",
				`${path} exists already, and a restore overwrites nothing. Move it away first.`,
			);
		}
		if (dryRun) return { ...(await verifyKeyring(from, own)), keyIds: [] };
		const copy = { path, secret };
		const source = { path: from, secret: own };
		const done = await copyKeyring(source, copy, derivationOf(secret, loaded));
		return { ...done, keyIds: [] };
	};
	const asked = { command: "keys restore", keys: name };
	const { keys, versions } = dryRun
		? await act()
		: await recorded(loaded, asked, act);
	console.log(
		json
			? JSON.stringify({ restored: !dryRun, keyring: path, keys, versions })
			: `${path} ${dryRun ? "would hold" : "holds"} ${keys} keys in ${versions} versions`,
	);
	return 0;
}
