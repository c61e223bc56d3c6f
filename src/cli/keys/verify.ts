import { verifyKeyring } from "../../keys/keyring-file.ts";
import { UsageError } from "../answer.ts";
import {
	type Entry,
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "./entry.ts";

/** Opens every version of every key: of the keyring, or of a backup where `file` names one. */
export async function verifyKeys(
	options: Partial<KeysOptions> & SecretOptions & { readonly file?: string },
): Promise<number> {
	const { json } = options;
	const { path, secret } = await keyringOf(options);
	const { keys, versions } = await verifyKeyring(path, secret);
	console.log(
		json
			? JSON.stringify({ keyring: path, keys, versions })
			: `${path}: ${keys} keys in ${versions} versions, all of them open`,
	);
	return 0;
}

async function keyringOf(
	options: Parameters<typeof verifyKeys>[0],
): Promise<Pick<Entry, "path" | "secret">> {
	const { config, file } = options;
	if ((config === undefined) === (file === undefined)) {
		throw new UsageError("say --config, or --file and what opens it");
	}
	if (file !== undefined)
		return { path: file, secret: secretFrom(options, file) };
	return entryOf(options as KeysOptions);
}
