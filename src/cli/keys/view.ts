/** A key as the commands show it: nothing of its material. */
import {
	aliasesOf,
	type Keyring,
	type KeyringKey,
} from "../../keys/keyring.ts";

export interface KeyView {
	readonly keyId: string;
	readonly aliases: readonly string[];
	readonly state: KeyringKey["state"];
	readonly created: string;
	readonly versions: readonly { version: number; created: string }[];
	readonly deletionAt?: string;
	/** Days. */
	readonly rotateEvery?: number;
	/** When a new version is due. */
	readonly rotationDue?: string;
}

export function viewOf(ring: Keyring, key: KeyringKey): KeyView {
	const { id, state, created, deletionAt, rotateEvery } = key;
	const newest = key.versions.at(-1)?.created;
	return {
		keyId: id,
		aliases: aliasesOf(ring, id),
		state,
		created,
		versions: key.versions.map(({ version, created }) => ({
			version,
			created,
		})),
		...(deletionAt !== undefined && { deletionAt }),
		...(rotateEvery !== undefined && { rotateEvery }),
		...(rotateEvery !== undefined &&
			newest !== undefined && { rotationDue: daysAfter(newest, rotateEvery) }),
	};
}

/** One line for each fact. */
export function describeView(view: KeyView): string {
	const lines = [
		`key       ${view.keyId}`,
		...view.aliases.map((alias) => `alias     ${alias}`),
		`state     ${view.state}${view.deletionAt === undefined ? "" : `, destroyed at ${view.deletionAt}`}`,
		`created   ${view.created}`,
		...view.versions.map(
			({ version, created }) => `version   ${version}, of ${created}`,
		),
		...(view.rotateEvery === undefined
			? []
			: [
					`rotation  every ${view.rotateEvery} days, due ${view.rotationDue ?? "never"}`,
				]),
	];
	return lines.join("\n");
}

/** The view on stdout. */
export function show(
	ring: Keyring,
	key: KeyringKey,
	json: boolean | undefined,
): void {
	const view = viewOf(ring, key);
	console.log(json ? JSON.stringify(view) : describeView(view));
}

function daysAfter(time: string, days: number): string {
	return new Date(Date.parse(time) + days * 86_400_000).toISOString();
}
