/**
 * The embedded keyring as a value, and every change of it as a function from one to the next. Key material stands in it
 * only wrapped under the root key (key-material.ts). docs/keyring.md has the rules that users see.
 */
import { SealgateError } from "../errors.ts";
import type { KeyState } from "./provider.ts";

export interface KeyVersion {
	/** 1, 2 and so on. */
	readonly version: number;
	/** ISO 8601, UTC. */
	readonly created: string;
	/** 32 bytes under the root key, base64. */
	readonly material: string;
}

export interface KeyringKey {
	/** A UUID. */
	readonly id: string;
	readonly state: KeyState;
	readonly created: string;
	/** Present while the deletion is pending. */
	readonly deletionAt?: string | undefined;
	/** Days after which a new version is due. */
	readonly rotateEvery?: number | undefined;
	/** In ascending order; empty once the key is destroyed. */
	readonly versions: readonly KeyVersion[];
}

export interface Keyring {
	/** A UUID; material is bound to it. */
	readonly id: string;
	/** One more with every change. */
	readonly generation: number;
	readonly created: string;
	/** `alias/NAME` to key id. */
	readonly aliases: Readonly<Record<string, string>>;
	readonly keys: readonly KeyringKey[];
}

/** Days, as AWS KMS has them. */
export const waitingTime = { least: 7, usual: 30, most: 30 } as const;

const dayMs = 86_400_000;
const aliasForm = /^alias\/[A-Za-z0-9/_-]{1,200}$/;

/** The key of an id or alias. @throws SealgateError `key-not-found` */
export function findKey(ring: Keyring, name: string): KeyringKey {
	const id = Object.hasOwn(ring.aliases, name) ? ring.aliases[name] : name;
	const key = ring.keys.find((key) => key.id === id);
	if (key !== undefined && key.state !== "destroyed") return key;
	throw new SealgateError(
		"key-not-found",
		key === undefined
			? `The keyring has no key "${name}".`
			: `The key "${name}" was destroyed.`,
	);
}

/** The key, where no deletion of it is pending. @throws SealgateError `key-not-found`, `key-pending-deletion` */
function findLastingKey(ring: Keyring, name: string): KeyringKey {
	const key = findKey(ring, name);
	if (key.state !== "pending-deletion") return key;
	throw new SealgateError(
		"key-pending-deletion",
		`The key "${name}" is to be destroyed at ${key.deletionAt}. Cancel the deletion and enable it, or name another.`,
	);
}

/** The key, where it may be used now. @throws SealgateError `key-not-found`, `key-disabled`, `key-pending-deletion` */
export function findUsableKey(ring: Keyring, name: string): KeyringKey {
	const key = findLastingKey(ring, name);
	if (key.state !== "disabled") return key;
	throw new SealgateError(
		"key-disabled",
		`The key "${name}" is disabled. Enable it, or name another.`,
	);
}

export function aliasesOf(ring: Keyring, id: string): string[] {
	return Object.keys(ring.aliases).filter((name) => ring.aliases[name] === id);
}

/** @param first version 1 */
export function withKey(
	ring: Keyring,
	key: Pick<KeyringKey, "id" | "rotateEvery">,
	first: KeyVersion,
): Keyring {
	const { created } = first;
	const state = "enabled" as const;
	const added = { ...key, state, created, versions: [first] };
	return { ...ring, keys: [...ring.keys, added] };
}

/** Points an alias to a key, from another one if need be. @throws SealgateError `argument-invalid`, `key-not-found` */
export function withAlias(ring: Keyring, alias: string, name: string): Keyring {
	if (!aliasForm.test(alias)) {
		throw new SealgateError(
			"argument-invalid",
			`"${alias}" is no alias: alias/ and up to 200 letters, digits, "/", "_" or "-".`,
		);
	}
	const { id } = findKey(ring, name);
	return { ...ring, aliases: { ...ring.aliases, [alias]: id } };
}

/** @throws SealgateError `key-not-found` */
export function withoutAlias(ring: Keyring, alias: string): Keyring {
	if (!Object.hasOwn(ring.aliases, alias)) findKey(ring, alias);
	const { [alias]: _, ...aliases } = ring.aliases;
	return { ...ring, aliases };
}

/** A new version for everything wrapped from now on; old ones keep opening. @throws as `findUsableKey` */
export function withVersion(
	ring: Keyring,
	name: string,
	next: KeyVersion,
): Keyring {
	const key = findUsableKey(ring, name);
	return replace(ring, { ...key, versions: [...key.versions, next] });
}

/** @param rotateEvery days; undefined: never by age @throws SealgateError `key-not-found`, `key-pending-deletion` */
export function withRotation(
	ring: Keyring,
	name: string,
	rotateEvery: number | undefined,
): Keyring {
	const { rotateEvery: _, ...key } = findLastingKey(ring, name);
	return replace(ring, {
		...key,
		...(rotateEvery !== undefined && { rotateEvery }),
	});
}

/** @throws SealgateError `key-not-found`, `key-pending-deletion` */
export function disabled(ring: Keyring, name: string): Keyring {
	const key = findLastingKey(ring, name);
	return replace(ring, { ...key, state: "disabled" });
}

/** @throws SealgateError `key-not-found`, `key-pending-deletion` */
export function enabled(ring: Keyring, name: string): Keyring {
	const key = findLastingKey(ring, name);
	return replace(ring, { ...key, state: "enabled" });
}

/** @param days 7 to 30 @throws SealgateError `argument-invalid`, `key-not-found`, `key-pending-deletion` */
export function withDeletion(
	ring: Keyring,
	name: string,
	days: number,
	now: Date,
): Keyring {
	const { least, most } = waitingTime;
	if (!Number.isInteger(days) || days < least || days > most) {
		throw new SealgateError(
			"argument-invalid",
			`A key is destroyed after ${least} to ${most} days, not ${days}.`,
		);
	}
	const key = findLastingKey(ring, name);
	const deletionAt = new Date(now.getTime() + days * dayMs).toISOString();
	return replace(ring, { ...key, state: "pending-deletion", deletionAt });
}

/** The key is disabled afterwards, as in AWS KMS. @throws SealgateError `key-not-found`, `argument-invalid` */
export function withoutDeletion(ring: Keyring, name: string): Keyring {
	const { deletionAt, ...key } = findKey(ring, name);
	if (deletionAt === undefined) {
		throw new SealgateError(
			"argument-invalid",
			`No deletion of the key "${name}" is pending.`,
		);
	}
	return replace(ring, { ...key, state: "disabled" });
}

/** Destroys the material of every key whose waiting time is over, and its aliases; the key's id remains. */
export function withoutExpired(ring: Keyring, now: Date): Keyring {
	const expired = ring.keys.filter(
		({ deletionAt }) =>
			deletionAt !== undefined && Date.parse(deletionAt) <= now.getTime(),
	);
	return expired.reduce((ring, { deletionAt, ...key }) => {
		const kept = Object.entries(ring.aliases).filter(([, id]) => id !== key.id);
		const destroyed = { ...key, state: "destroyed" as const, versions: [] };
		return {
			...replace(ring, destroyed),
			aliases: Object.fromEntries(kept),
		};
	}, ring);
}

/** The enabled keys whose newest version is older than `rotateEvery`. */
export function dueForRotation(ring: Keyring, now: Date): string[] {
	return ring.keys
		.filter(({ state, rotateEvery, versions }) => {
			if (state !== "enabled" || rotateEvery === undefined) return false;
			const newest = versions.at(-1)?.created ?? "";
			return Date.parse(newest) + rotateEvery * dayMs <= now.getTime();
		})
		.map((key) => key.id);
}

function replace(ring: Keyring, key: KeyringKey): Keyring {
	const keys = ring.keys.map((other) => (other.id === key.id ? key : other));
	return { ...ring, keys };
}
