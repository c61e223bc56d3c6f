import { openKeyring } from "../../keys/keyring-file.ts";
import { entryOf, type KeysOptions } from "./entry.ts";
import { type KeyView, viewOf } from "./view.ts";

/** One line a key; destroyed ones as well, so that it is seen that they were there. */
export async function listKeys(options: KeysOptions): Promise<number> {
	const { path, secret } = await entryOf(options);
	const { ring, root } = await openKeyring(path, secret);
	root.fill(0);
	const views = ring.keys.map((key) => viewOf(ring, key));
	if (options.json) console.log(JSON.stringify({ keys: views }));
	else for (const view of views) console.log(lineOf(view));
	return 0;
}

function lineOf(view: KeyView): string {
	const { keyId, aliases, state, versions, deletionAt, rotationDue } = view;
	return [
		keyId,
		state,
		`version ${versions.at(-1)?.version ?? "-"}`,
		aliases.join(",") || "-",
		...(deletionAt === undefined ? [] : [`destroyed at ${deletionAt}`]),
		...(rotationDue === undefined ? [] : [`rotation due ${rotationDue}`]),
	].join("  ");
}
