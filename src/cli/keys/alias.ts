import { findKey, withAlias, withoutAlias } from "../../keys/keyring.ts";
import { UsageError } from "../answer.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

/**
 * Points an alias to a key, from another one if need be; or takes it away.
 * What was sealed keeps the id of its key: a route that names the alias opens it only where the key policy says so.
 */
export async function aliasKey(
	alias: string,
	name: string | undefined,
	options: KeysOptions & { readonly remove?: boolean },
): Promise<number> {
	if ((name === undefined) !== (options.remove ?? false)) {
		throw new UsageError("name the key that the alias is for, or say --remove");
	}
	const entry = await entryOf(options);
	if (name === undefined) {
		const change = ({ ring }: { ring: Parameters<typeof withoutAlias>[0] }) =>
			withoutAlias(ring, alias);
		await changeEntry(entry, "keys alias", alias, change, () => []);
		console.log(
			options.json ? JSON.stringify({ removed: alias }) : `removed ${alias}`,
		);
		return 0;
	}
	const ring = await changeEntry(
		entry,
		"keys alias",
		alias,
		({ ring }) => withAlias(ring, alias, name),
		(ring) => [findKey(ring, alias).id],
	);
	show(ring, findKey(ring, alias), options.json);
	return 0;
}
