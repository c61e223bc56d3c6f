/** The keyring on disk: created, opened, and changed by one writer at a time. */
import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import { keyBytes } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";
import { withFileLock } from "./file-lock.ts";
import { openMaterial, sealMaterial } from "./key-material.ts";
import { type Keyring, type KeyringKey, withoutExpired } from "./keyring.ts";
import { longestText, readKeyring, writeKeyring } from "./keyring-text.ts";
import {
	createPrivateFile,
	type Disk,
	readPrivateFile,
	replacePrivateFile,
	requireOwnFile,
} from "./private-file.ts";
import {
	type Derivation,
	openRoot,
	type Secret,
	sealRoot,
	type UnlockSlot,
} from "./unlock-slot.ts";

export interface OpenKeyring {
	readonly ring: Keyring;
	readonly slots: readonly UnlockSlot[];
	/** 32 bytes; the caller erases them. */
	readonly root: Buffer;
}

/** A change; it may throw, and then nothing is written. */
export type Change = (open: OpenKeyring, now: Date) => Keyring;

/** An empty keyring. @throws SealgateError `keyring-exists`, `argument-invalid` for a weak passphrase */
export async function createKeyring(
	path: string,
	secret: Secret,
	derivation: Derivation,
	now: Date,
	disk?: Disk,
): Promise<void> {
	const ring = {
		id: randomUUID(),
		generation: 1,
		created: now.toISOString(),
		aliases: {},
		keys: [],
	};
	const root = randomBytes(keyBytes);
	await writeNew(path, { ring, root }, secret, derivation, disk);
	root.fill(0);
}

/** @throws SealgateError `keyring-missing`, `keyring-untrusted`, `keyring-damaged`, `keyring-secret-wrong` */
export async function openKeyring(
	path: string,
	secret: Secret,
	disk?: Disk,
): Promise<OpenKeyring> {
	const content = await readPrivateFile(path, longestText, disk);
	const locked = readKeyring(content.toString());
	const root = await openRoot(locked.slots, locked.id, secret);
	return { ring: locked.unlock(root), slots: locked.slots, root };
}

/**
 * Reads, changes and writes under the lock. The file holds the old keyring or the new one, whatever happens. Keys whose
 * waiting time is over are destroyed with any change.
 * @throws SealgateError as `openKeyring`, `keyring-busy`, and what the change throws
 */
export async function changeKeyring(
	path: string,
	secret: Secret,
	change: Change,
	now: Date,
	disk?: Disk,
): Promise<Keyring> {
	const act = async (): Promise<Keyring> => {
		await requireOwnFile(path);
		const open = await openKeyring(path, secret, disk);
		const ring = withoutExpired(open.ring, now);
		const changed = change({ ...open, ring }, now);
		const next = { ...changed, generation: open.ring.generation + 1 };
		const text = writeKeyring(next, open.slots, open.root);
		open.root.fill(0);
		requireSize(text);
		await replacePrivateFile(path, text, disk);
		return next;
	};
	return withFileLock(path, act, disk);
}

/** Opens every version of every key. @throws SealgateError as `openKeyring` */
export async function verifyKeyring(
	path: string,
	secret: Secret,
): Promise<{ keys: number; versions: number }> {
	const { ring, root } = await openKeyring(path, secret);
	let versions = 0;
	for (const key of ring.keys) {
		for (const version of key.versions) {
			openMaterial(root, ring.id, key.id, version).fill(0);
			versions++;
		}
	}
	root.fill(0);
	return { keys: ring.keys.length, versions };
}

/**
 * The whole keyring under a secret and a root key of its own, so that neither file's secret opens the other. Backup
 * and restore are this, one way and the other; the new file is proven by reading it back.
 * @throws SealgateError as `openKeyring`, of `from`; `keyring-exists` of `to`
 */
export async function copyKeyring(
	from: { readonly path: string; readonly secret: Secret },
	to: { readonly path: string; readonly secret: Secret },
	derivation: Derivation,
	disk?: Disk,
): Promise<{ keys: number; versions: number }> {
	const { ring, root: before } = await openKeyring(from.path, from.secret);
	const root = randomBytes(keyBytes);
	const keys = ring.keys.map((key) => reseal(ring.id, key, before, root));
	before.fill(0);
	const copy = { ...ring, keys };
	await writeNew(to.path, { ring: copy, root }, to.secret, derivation, disk);
	root.fill(0);
	return verifyKeyring(to.path, to.secret);
}

/**
 * The keyring under another secret and another root key, in its place. Copies of the file from before open by the old
 * secret for ever.
 * @throws SealgateError as `openKeyring`, `keyring-busy`, `argument-invalid` for a weak passphrase
 */
export async function changeSecret(
	path: string,
	before: Secret,
	after: Secret,
	derivation: Derivation,
	disk?: Disk,
): Promise<{ keys: number; versions: number }> {
	const act = async (): Promise<void> => {
		await requireOwnFile(path);
		const { ring, root: old } = await openKeyring(path, before, disk);
		const root = randomBytes(keyBytes);
		const keys = ring.keys.map((key) => reseal(ring.id, key, old, root));
		old.fill(0);
		const slot = await sealRoot(root, ring.id, after, derivation, randomBytes);
		const next = { ...ring, keys, generation: ring.generation + 1 };
		const text = writeKeyring(next, [slot], root);
		root.fill(0);
		requireSize(text);
		await replacePrivateFile(path, text, disk);
	};
	await withFileLock(path, act, disk);
	return verifyKeyring(path, after);
}

function reseal(
	ringId: string,
	key: KeyringKey,
	before: Buffer,
	root: Buffer,
): KeyringKey {
	const versions = key.versions.map((version) => {
		const material = openMaterial(before, ringId, key.id, version);
		const place = { ringId, keyId: key.id, version: version.version };
		const created = new Date(version.created);
		const sealed = sealMaterial(root, place, material, created, randomBytes);
		const again = openMaterial(root, ringId, key.id, sealed);
		if (!timingSafeEqual(again, material)) {
			throw new SealgateError("internal", "A copied key is another key.");
		}
		again.fill(0);
		material.fill(0);
		return sealed;
	});
	return { ...key, versions };
}

async function writeNew(
	path: string,
	{ ring, root }: Pick<OpenKeyring, "ring" | "root">,
	secret: Secret,
	derivation: Derivation,
	disk?: Disk,
): Promise<void> {
	const slot = await sealRoot(root, ring.id, secret, derivation, randomBytes);
	const text = writeKeyring(ring, [slot], root);
	requireSize(text);
	await withFileLock(path, () => createPrivateFile(path, text, disk), disk);
}

function requireSize(text: string): void {
	if (text.length <= longestText) return;
	throw new SealgateError(
		"argument-invalid",
		"The keyring would be larger than 1 MiB. Destroy keys that nothing needs, or start another keyring.",
	);
}
