/** `enable`, `disable` and `cancel-deletion`: a key's state, and nothing else of it. */
import {
	disabled,
	enabled,
	findKey,
	type Keyring,
	withoutDeletion,
} from "../../keys/keyring.ts";
import { changeEntry, entryOf, type KeysOptions } from "./entry.ts";
import { show } from "./view.ts";

type ToState = (ring: Keyring, name: string) => Keyring;

const states: Readonly<Record<string, ToState>> = {
	enable: enabled,
	disable: disabled,
	"cancel-deletion": withoutDeletion,
};

/** @param verb `enable`, `disable` or `cancel-deletion` @param name id or alias */
export async function setState(
	verb: string,
	name: string,
	options: KeysOptions,
): Promise<number> {
	const toState = states[verb] as ToState;
	const ring = await changeEntry(
		await entryOf(options),
		`keys ${verb}`,
		name,
		({ ring }) => toState(ring, name),
		(ring) => [findKey(ring, name).id],
	);
	show(ring, findKey(ring, name), options.json);
	return 0;
}
