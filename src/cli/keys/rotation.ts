import { findKey, withRotation } from "../../keys/keyring.ts";
import { UsageError } from "../answer.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

/** At which age a key gets a new version, or that it gets none by itself. @param name id or alias */
export async function setRotation(
	name: string,
	options: KeysOptions & { readonly every?: number; readonly never?: boolean },
): Promise<number> {
	const { every, never = false, json } = options;
	if ((every === undefined) !== never) {
		throw new UsageError("say --every DAYS or --never");
	}
	const ring = await changeEntry(
		await entryOf(options),
		"keys rotation",
		name,
		({ ring }) => withRotation(ring, name, every),
		(ring) => [findKey(ring, name).id],
	);
	show(ring, findKey(ring, name), json);
	return 0;
}
