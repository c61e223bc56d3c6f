/** The transit engine of a Vault in memory: derived keys, versions, soft deletion. Its refusals are OpenBao 2.7.2's words. */
import {
	createCipheriv,
	createDecipheriv,
	createHmac,
	randomBytes,
} from "node:crypto";

/** An answer other than 200. */
export class VaultRefusal extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

export interface VaultKey {
	readonly name: string;
	readonly type: string;
	readonly derived: boolean;
	readonly created: number;
	readonly versions: Buffer[];
	least: number;
	softDeleted: boolean;
}

export type Members = Readonly<Record<string, unknown>>;

export class VaultKeys {
	readonly #keys = new Map<string, VaultKey>();

	create(name: string, derived = true, type = "aes256-gcm96"): VaultKey {
		const key: VaultKey = {
			...{ name, type, derived, created: Math.floor(Date.now() / 1_000) },
			...{ versions: [randomBytes(32)], least: 1, softDeleted: false },
		};
		this.#keys.set(name, key);
		return key;
	}

	destroy(name: string): void {
		this.#keys.delete(name);
	}

	get(name: string): VaultKey {
		const key = this.#keys.get(name);
		if (key === undefined) throw new Error(`no key ${name}`);
		return key;
	}

	describe(name: string): Members {
		const key = this.#keys.get(name);
		if (key === undefined) throw new VaultRefusal(404, "");
		const { type, derived, least, softDeleted, versions } = key;
		const known = versions.map((_, at) => [String(at + 1), key.created]);
		return {
			...{ name, type, derived, soft_deleted: softDeleted },
			keys: Object.fromEntries(known.slice(least - 1)),
			latest_version: versions.length,
			min_decryption_version: least,
		};
	}

	generate(name: string, context: Buffer): Members {
		const plain = randomBytes(32);
		const ciphertext = seal(this.#usable(name), plain, context);
		return { ciphertext, plaintext: plain.toString("base64"), key_version: 1 };
	}

	decrypt(name: string, ciphertext: string, context: Buffer): Members {
		const plain = open(this.#usable(name), ciphertext, context);
		return { plaintext: plain.toString("base64") };
	}

	rewrap(name: string, ciphertext: string, context: Buffer): Members {
		const key = this.#usable(name);
		const plain = open(key, ciphertext, context);
		return { ciphertext: seal(key, plain, context), key_version: 1 };
	}

	#usable(name: string): VaultKey {
		const key = this.#keys.get(name);
		if (key === undefined)
			throw new VaultRefusal(400, "encryption key not found");
		if (key.softDeleted)
			throw new VaultRefusal(400, "refusing to use soft-deleted key");
		return key;
	}
}

function materialOf(
	{ versions, derived }: VaultKey,
	version: number,
	context: Buffer,
): Buffer {
	const material = versions[version - 1] as Buffer;
	// A key that is not derived does not look at the context.
	if (!derived) return material;
	if (context.length === 0)
		throw new VaultRefusal(400, "missing 'context' for key derivation");
	return createHmac("sha256", material).update(context).digest();
}

function seal(key: VaultKey, plain: Buffer, context: Buffer): string {
	const version = key.versions.length;
	const nonce = randomBytes(12);
	const material = materialOf(key, version, context);
	const cipher = createCipheriv("aes-256-gcm", material, nonce);
	const sealed = [nonce, cipher.update(plain), cipher.final()];
	const bytes = Buffer.concat([...sealed, cipher.getAuthTag()]);
	return `vault:v${version}:${bytes.toString("base64")}`;
}

function open(key: VaultKey, ciphertext: string, context: Buffer): Buffer {
	const parts = /^vault:v(\d+):(.*)$/.exec(ciphertext);
	if (parts === null)
		throw new VaultRefusal(400, "invalid ciphertext: no prefix");
	const version = Number(parts[1]) || 1;
	if (version > key.versions.length)
		throw new VaultRefusal(400, "invalid ciphertext: version is too new");
	if (version < key.least)
		throw new VaultRefusal(
			400,
			"ciphertext or signature version is disallowed by policy (too old)",
		);
	const bytes = Buffer.from(parts[2] ?? "", "base64");
	if (bytes.length < 28)
		throw new VaultRefusal(400, "invalid ciphertext length");
	const material = materialOf(key, version, context);
	const cipher = createDecipheriv(
		"aes-256-gcm",
		material,
		bytes.subarray(0, 12),
	);
	cipher.setAuthTag(bytes.subarray(-16));
	try {
		const plain = cipher.update(bytes.subarray(12, -16));
		cipher.final();
		return plain;
	} catch {
		throw new VaultRefusal(400, "cipher: message authentication failed");
	}
}
