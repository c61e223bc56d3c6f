import { findKey, waitingTime, withDeletion } from "../../keys/keyring.ts";
import { openKeyring } from "../../keys/keyring-file.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { usesOf } from "./uses.ts";
import { show } from "./view.ts";

/**
 * The key refuses from now on and is destroyed after its waiting time. Refused where it is seen to be in use, unless
 * `force` is said.
 * @param name id or alias
 */
export async function scheduleDeletion(
	name: string,
	options: KeysOptions & { readonly days: number; readonly force?: boolean },
): Promise<number> {
	const { days, force = false, json } = options;
	const entry = await entryOf(options);
	const { ring, root } = await openKeyring(entry.path, entry.secret);
	root.fill(0);
	const { id } = findKey(ring, name);
	const uses = await usesOf(entry, ring, id, waitingTime.most);
	if (uses.length > 0 && !force) {
		const message = `The key "${name}" is in use. ${uses.join(" ")} What it wrapped stays shut once it is destroyed; --force schedules it all the same.`;
		if (json)
			console.log(JSON.stringify({ error: { code: "key-in-use", message } }));
		else console.error(message);
		return 1;
	}
	for (const use of uses) console.error(use);
	const changed = await changeEntry(
		entry,
		"keys schedule-deletion",
		name,
		({ ring }, now) => withDeletion(ring, id, days, now),
		() => [id],
	);
	show(changed, findKey(changed, id), json);
	return 0;
}
