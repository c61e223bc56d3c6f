/**
 * How a keyring is unlocked: its root key, sealed under a key that comes of a passphrase (scrypt, RFC 7914, or
 * PBKDF2-HMAC-SHA256, RFC 8018, where only FIPS algorithms are allowed) or of a key file.
 */
import { pbkdf2, scrypt } from "node:crypto";
import { DerivedKey, saltBytes } from "../crypto/derived-key.ts";
import { keyBytes, type Random } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";

/** What opens a keyring: kept as bytes, so that it can be erased. */
export type Secret =
	| { readonly passphrase: Buffer }
	/** 32 bytes of a key file: `readKeyFile`. */
	| { readonly key: Buffer };

export type Derivation =
	| {
			readonly name: "scrypt";
			readonly n: number;
			readonly r: 8;
			readonly p: 1;
	  }
	| { readonly name: "pbkdf2-sha256"; readonly iterations: number }
	| { readonly name: "key-file" };

export interface UnlockSlot {
	readonly derivation: Derivation;
	/** 32 bytes, base64. */
	readonly salt: string;
	/** The root key: sealed[32] tag[16], base64. */
	readonly root: string;
}

/** About half a second and 128 MiB on a machine of today. */
export const usualScrypt: Derivation = {
	name: "scrypt",
	n: 2 ** 17,
	r: 8,
	p: 1,
};
export const usualPbkdf2: Derivation = {
	name: "pbkdf2-sha256",
	iterations: 600_000,
};

/** What a file may ask for: less is weak, more would let a hostile file stall the process. */
export const scryptLimits = { least: 2 ** 15, most: 2 ** 20 } as const;
export const pbkdf2Limits = { least: 600_000, most: 10_000_000 } as const;

const leastPassphrase = 16;

/** @throws SealgateError `argument-invalid` for a passphrase of fewer than 16 bytes */
export async function sealRoot(
	root: Uint8Array,
	ringId: string,
	secret: Secret,
	derivation: Derivation,
	random: Random,
): Promise<UnlockSlot> {
	if ("passphrase" in secret && secret.passphrase.length < leastPassphrase) {
		throw new SealgateError(
			"argument-invalid",
			`The passphrase of a keyring has at least ${leastPassphrase} bytes.`,
		);
	}
	const salt = random(saltBytes);
	const key = await derive(secret, derivation, salt);
	if (key === undefined) throw wrongSecret();
	const sealed = slotKey(key, salt).seal(root, associatedData(ringId));
	key.fill(0);
	return {
		derivation,
		salt: salt.toString("base64"),
		root: sealed.toString("base64"),
	};
}

/** The root key, the caller's. @throws SealgateError `keyring-secret-wrong` where no slot opens */
export async function openRoot(
	slots: readonly UnlockSlot[],
	ringId: string,
	secret: Secret,
): Promise<Buffer> {
	for (const slot of slots) {
		const salt = Buffer.from(slot.salt, "base64");
		const key = await derive(secret, slot.derivation, salt);
		if (key === undefined) continue;
		const sealed = Buffer.from(slot.root, "base64");
		const root = slotKey(key, salt).open(sealed, associatedData(ringId));
		key.fill(0);
		if (root?.length === keyBytes) return root;
	}
	throw wrongSecret();
}

/** 32 bytes, or base64 of them in one line. @throws SealgateError `argument-invalid` */
export function readKeyFile(content: Buffer): Buffer {
	if (content.length === keyBytes) return content;
	const text = content.toString("latin1").trim();
	const key = Buffer.from(text, "base64");
	if (key.length === keyBytes && key.toString("base64") === text) return key;
	throw new SealgateError(
		"argument-invalid",
		"A key file holds 32 bytes, or base64 of them in one line.",
	);
}

/** `undefined` where the secret is of another kind than the slot. */
function derive(
	secret: Secret,
	derivation: Derivation,
	salt: Buffer,
): Promise<Buffer | undefined> {
	if ("key" in secret) {
		const fits = derivation.name === "key-file";
		return Promise.resolve(fits ? Buffer.from(secret.key) : undefined);
	}
	const { passphrase } = secret;
	return new Promise((resolve, reject) => {
		const done = (error: Error | null, key: Buffer): void => {
			if (error === null) resolve(key);
			else reject(error);
		};
		if (derivation.name === "scrypt") {
			const { n: N, r, p } = derivation;
			const options = { N, r, p, maxmem: 256 * N * r };
			scrypt(passphrase, salt, keyBytes, options, done);
		} else if (derivation.name === "pbkdf2-sha256") {
			const { iterations } = derivation;
			pbkdf2(passphrase, salt, iterations, keyBytes, "sha256", done);
		} else resolve(undefined);
	});
}

function slotKey(key: Buffer, salt: Buffer): DerivedKey {
	return new DerivedKey(key, salt, "sealgate/keyring root/1");
}

function associatedData(ringId: string): Buffer {
	return Buffer.from(`sealgate/keyring root\0${ringId}`);
}

function wrongSecret(): SealgateError {
	return new SealgateError(
		"keyring-secret-wrong",
		"The passphrase or key file does not open the keyring.",
	);
}
