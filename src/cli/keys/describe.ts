import { findKey } from "../../keys/keyring.ts";
import { openKeyring } from "../../keys/keyring-file.ts";
import { entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

/** @param name id or alias */
export async function describeKey(
	name: string,
	options: KeysOptions,
): Promise<number> {
	const { path, secret } = await entryOf(options);
	const { ring, root } = await openKeyring(path, secret);
	root.fill(0);
	show(ring, findKey(ring, name), options.json);
	return 0;
}
