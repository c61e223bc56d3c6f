/** The changes of a keyring that make key material. Those that do not are in keyring.ts. */
import { randomBytes, randomUUID } from "node:crypto";
import { keyBytes } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";
import { sealMaterial } from "./key-material.ts";
import {
	dueForRotation,
	findUsableKey,
	type Keyring,
	type KeyVersion,
	withAlias,
	withKey,
	withVersion,
} from "./keyring.ts";
import type { Change, OpenKeyring } from "./keyring-file.ts";

export interface NewKey {
	readonly alias?: string;
	/** Days after which a new version is due. */
	readonly rotateEvery?: number;
}

/** @throws SealgateError `argument-invalid`, also for an alias that is taken */
export function addKey({ alias, rotateEvery }: NewKey): Change {
	return (open, now) => {
		const { ring } = open;
		if (alias !== undefined && Object.hasOwn(ring.aliases, alias)) {
			throw new SealgateError(
				"argument-invalid",
				`The alias "${alias}" names a key already.`,
			);
		}
		const id = randomUUID();
		const first = newVersion(open, id, 1, now);
		const added = withKey(ring, { id, rotateEvery }, first);
		return alias === undefined ? added : withAlias(added, alias, id);
	};
}

/** @param name id or alias @throws SealgateError as `findUsableKey` */
export function rotateKey(name: string): Change {
	return (open, now) => rotate(open, open.ring, name, now);
}

/** A new version for every key that is due. */
export const rotateDueKeys: Change = (open, now) =>
	dueForRotation(open.ring, now).reduce(
		(ring, id) => rotate(open, ring, id, now),
		open.ring,
	);

function rotate(
	open: OpenKeyring,
	ring: Keyring,
	name: string,
	now: Date,
): Keyring {
	const key = findUsableKey(ring, name);
	const newest = key.versions.at(-1)?.version ?? 0;
	return withVersion(ring, name, newVersion(open, key.id, newest + 1, now));
}

function newVersion(
	{ ring, root }: OpenKeyring,
	keyId: string,
	version: number,
	now: Date,
): KeyVersion {
	const material = randomBytes(keyBytes);
	const place = { ringId: ring.id, keyId, version };
	const sealed = sealMaterial(root, place, material, now, randomBytes);
	material.fill(0);
	return sealed;
}
