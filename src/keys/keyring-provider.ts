/** `provider: keyring`: the embedded keyring as a key provider. */
import { randomBytes } from "node:crypto";
import { DecryptionError } from "../crypto/decryption-error.ts";
import { keyBytes } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";
import type { KeyContext } from "./context.ts";
import { openBlob, openMaterial, readBlob, sealBlob } from "./key-material.ts";
import {
	aliasesOf,
	dueForRotation,
	findKey,
	findUsableKey,
	type KeyringKey,
	type KeyVersion,
} from "./keyring.ts";
import { rotateDueKeys } from "./keyring-changes.ts";
import {
	changeKeyring,
	type OpenKeyring,
	openKeyring,
} from "./keyring-file.ts";
import type { GeneratedKey, KeyDescription, KeyProvider } from "./provider.ts";
import type { Secret } from "./unlock-slot.ts";

export interface KeyringProvider extends KeyProvider {
	/** Looks at the file again. A keyring that cannot be trusted, or an older one, leaves the present one in force. */
	reload(): Promise<void>;
	/** Makes a new version of every key whose `rotateEvery` is over. @returns their ids @throws SealgateError as `changeKeyring` */
	rotateDue(now: Date): Promise<string[]>;
	/** @throws SealgateError `keyring-untrusted` where the file that `before` read was put back to an older one */
	requireNewerThan(before: KeyringProvider): void;
	readonly path: string;
	readonly generation: { readonly ring: string; readonly number: number };
}

/**
 * @param secret the provider's from now on: erased by `close`
 * @param fips refuses what scrypt opens
 * @throws SealgateError as `openKeyring`
 */
export async function openKeyringProvider(
	path: string,
	secret: Secret,
	fips = false,
): Promise<KeyringProvider> {
	const open = await openKeyring(path, secret);
	if (fips && "passphrase" in secret) requirePbkdf2(path, open);
	return new OpenKeyringProvider(path, secret, open);
}

/** @throws SealgateError `keyring-untrusted` for a keyring that scrypt opens */
function requirePbkdf2(path: string, { slots, root }: OpenKeyring): void {
	if (slots.every(({ derivation }) => derivation.name !== "scrypt")) return;
	root.fill(0);
	throw new SealgateError(
		"keyring-untrusted",
		`${path} is opened by scrypt, which fips: true excludes. "sealgate keys change-secret" with this configuration makes it PBKDF2.`,
	);
}

export function isKeyring(provider: KeyProvider): provider is KeyringProvider {
	return provider instanceof OpenKeyringProvider;
}

class OpenKeyringProvider implements KeyringProvider {
	readonly path: string;
	readonly #secret: Secret;
	#open: OpenKeyring;

	constructor(path: string, secret: Secret, open: OpenKeyring) {
		this.path = path;
		this.#secret = secret;
		this.#open = open;
	}

	async generate(keyId: string, context: KeyContext): Promise<GeneratedKey> {
		const found = findUsableKey(this.#open.ring, keyId);
		const key = randomBytes(keyBytes);
		const wrapped = this.#wrap(found, context, key);
		return { key, wrapped, keyId: found.id };
	}

	async unwrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
	): Promise<Buffer> {
		const { ring, root } = this.#open;
		const found = findUsableKey(ring, keyId);
		const claimed = readBlob(wrapped);
		const version = found.versions.find(
			(version) => version.version === claimed.version,
		);
		if (claimed.keyId !== found.id || version === undefined) {
			throw new DecryptionError(
				"wrapping-key-refused",
				`the blob names version ${claimed.version} of the key ${claimed.keyId}`,
			);
		}
		const material = openMaterial(root, ring.id, found.id, version);
		try {
			return openBlob(material, wrapped, context);
		} finally {
			material.fill(0);
		}
	}

	async rewrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
	): Promise<Buffer> {
		const key = await this.unwrap(keyId, wrapped, context);
		try {
			return this.#wrap(findUsableKey(this.#open.ring, keyId), context, key);
		} finally {
			key.fill(0);
		}
	}

	async describe(keyId: string): Promise<KeyDescription> {
		const { ring } = this.#open;
		const { id, state, created, deletionAt, versions } = findKey(ring, keyId);
		return {
			keyId: id,
			aliases: aliasesOf(ring, id),
			state,
			created: new Date(created),
			version: newestOf(versions).version,
			...(deletionAt !== undefined && { deletionAt: new Date(deletionAt) }),
		};
	}

	async ready(): Promise<void> {
		if (this.#open.ring.keys.length > 0) return;
		throw new SealgateError(
			"key-not-found",
			`The keyring ${this.path} has no key. Create one.`,
		);
	}

	async reload(): Promise<void> {
		const before = this.#open;
		const open = await openKeyring(this.path, this.#secret);
		try {
			requireNewer(this.path, generationOf(open), generationOf(before));
		} catch (error) {
			open.root.fill(0);
			throw error;
		}
		this.#open = open;
		before.root.fill(0);
	}

	async rotateDue(now: Date): Promise<string[]> {
		const due = dueForRotation(this.#open.ring, now);
		if (due.length === 0) return [];
		await changeKeyring(this.path, this.#secret, rotateDueKeys, now);
		await this.reload();
		return due;
	}

	get generation(): KeyringProvider["generation"] {
		return generationOf(this.#open);
	}

	requireNewerThan(before: KeyringProvider): void {
		requireNewer(this.path, this.generation, before.generation);
	}

	async close(): Promise<void> {
		this.#open.root.fill(0);
		const bytes =
			"key" in this.#secret ? this.#secret.key : this.#secret.passphrase;
		bytes.fill(0);
	}

	#wrap(found: KeyringKey, context: KeyContext, key: Buffer): Buffer {
		const { ring, root } = this.#open;
		const newest = newestOf(found.versions);
		const material = openMaterial(root, ring.id, found.id, newest);
		try {
			const { id } = found;
			const { version } = newest;
			return sealBlob(material, id, version, context, key, randomBytes);
		} finally {
			material.fill(0);
		}
	}
}

function generationOf({ ring }: OpenKeyring): KeyringProvider["generation"] {
	return { ring: ring.id, number: ring.generation };
}

function requireNewer(
	path: string,
	found: KeyringProvider["generation"],
	before: KeyringProvider["generation"],
): void {
	const older = found.number < before.number;
	if (!older && found.ring === before.ring) return;
	throw new SealgateError(
		"keyring-untrusted",
		`${path} holds ${older ? "an older generation" : "another keyring"} than the one in use. Restart to take it.`,
	);
}

/** Every key that is not destroyed has one. */
function newestOf(versions: readonly KeyVersion[]): KeyVersion {
	const newest = versions.at(-1);
	if (newest !== undefined) return newest;
	throw new SealgateError("keyring-damaged", "A key has no version.");
}
