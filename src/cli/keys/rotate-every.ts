import { findKey, withRotation } from "../../keys/keyring.ts";
import { UsageError } from "../answer.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

/** Says at which age a key gets a new version. @param days undefined with `never` alone */
export async function rotateKeyEvery(
	name: string,
	days: number | undefined,
	options: KeysOptions & { readonly never?: boolean },
): Promise<number> {
	if ((days === undefined) !== (options.never ?? false)) {
		throw new UsageError("name the age in days, or say --never");
	}
	const ring = await changeEntry(
		await entryOf(options),
		"keys rotate-every",
		name,
		({ ring }) => withRotation(ring, name, days),
		(ring) => [findKey(ring, name).id],
	);
	show(ring, findKey(ring, name), options.json);
	return 0;
}
