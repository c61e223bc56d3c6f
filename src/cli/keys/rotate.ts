import { dueForRotation, findKey } from "../../keys/keyring.ts";
import { rotateDueKeys, rotateKey } from "../../keys/keyring-changes.ts";
import type { Change } from "../../keys/keyring-file.ts";
import { UsageError } from "../answer.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { viewOf } from "./view.ts";

/** A new version of one key, or with `due` of every key that `--rotate-every` made due. */
export async function rotateKeys(
	name: string | undefined,
	options: KeysOptions & { readonly due?: boolean },
): Promise<number> {
	if ((name === undefined) !== (options.due ?? false)) {
		throw new UsageError("name a key, or say --due for all that are due");
	}
	const entry = await entryOf(options);
	let due: string[] = [];
	const change: Change =
		name === undefined
			? (open, now) => {
					due = dueForRotation(open.ring, now);
					return rotateDueKeys(open, now);
				}
			: rotateKey(name);
	const ring = await changeEntry(entry, "keys rotate", name, change, (ring) =>
		name === undefined ? due : [findKey(ring, name).id],
	);
	const rotated = (name === undefined ? due : [name]).map((key) =>
		viewOf(ring, findKey(ring, key)),
	);
	if (options.json) console.log(JSON.stringify({ rotated }));
	else if (rotated.length === 0) console.log("no key is due");
	for (const { keyId, versions } of options.json ? [] : rotated)
		console.log(`${keyId} is at version ${versions.at(-1)?.version}`);
	return 0;
}
