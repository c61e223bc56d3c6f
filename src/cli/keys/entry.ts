/** The keyring that a `keys` command is about: an entry of `keys` in the configuration. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { plugins } from "../../../plugins/index.ts";
import { type Loaded, loadConfig } from "../../config/load.ts";
import type { Keyring } from "../../keys/keyring.ts";
import { type Change, changeKeyring } from "../../keys/keyring-file.ts";
import {
	type KeyringOptions,
	keyring,
	secretOf,
} from "../../keys/keyring-plugin.ts";
import {
	type Derivation,
	type Secret,
	usualPbkdf2,
	usualScrypt,
} from "../../keys/unlock-slot.ts";
import { UsageError } from "../answer.ts";
import { recorded } from "../command-record.ts";

/** What every one of them is asked with. */
export interface KeysOptions {
	/** The configuration. */
	readonly config: string;
	/** Name of the entry, where there are several. */
	readonly keys?: string;
	readonly json?: boolean;
}

/** A file that holds a passphrase, or one that holds a key. */
export interface SecretOptions {
	readonly passphraseFile?: string;
	readonly keyFile?: string;
}

export interface Entry {
	readonly loaded: Loaded;
	/** Name of the entry. */
	readonly name: string;
	/** Of the keyring. */
	readonly path: string;
	readonly secret: Secret;
}

/** @throws UsageError where the configuration does not settle which one */
export async function entryOf(options: KeysOptions): Promise<Entry> {
	const loaded = await loadConfig(options.config, process.env, plugins);
	const entries = loaded.keys;
	const names = entries.map(({ name }) => name).join(", ");
	const [entry, ...more] =
		options.keys === undefined
			? entries
			: entries.filter(({ name }) => name === options.keys);
	if (entry === undefined || more.length > 0) {
		throw new UsageError(
			entries.length === 0
				? `${options.config} has no keys`
				: `--keys says which: ${options.config} has ${names}`,
		);
	}
	const { name, plugin } = entry;
	if (plugin !== keyring) {
		throw new UsageError(
			`the keys "${name}" are held by ${plugin.name}, and managed there: this command is for a keyring`,
		);
	}
	const folder = loaded.folder;
	const { path, ...secret } = entry.options as KeyringOptions;
	return {
		loaded,
		name,
		path: resolve(folder, path),
		secret: secretOf(secret, folder),
	};
}

/** Changes the keyring under its lock, and records it. @param touched the keys that the change is about */
export async function changeEntry(
	{ loaded, name, path, secret }: Entry,
	command: string,
	named: string | undefined,
	change: Change,
	touched: (ring: Keyring) => string[],
): Promise<Keyring> {
	const asked = named === undefined ? {} : { named };
	const { ring } = await recorded(
		loaded,
		{ command, keys: name, ...asked },
		async () => {
			const ring = await changeKeyring(path, secret, change, new Date());
			return { ring, keyIds: touched(ring) };
		},
	);
	return ring;
}

/** @param what the secret is of @throws UsageError where there is not exactly one */
export function secretFrom(options: SecretOptions, what: string): Secret {
	const { passphraseFile, keyFile } = options;
	if ((passphraseFile === undefined) === (keyFile === undefined)) {
		throw new UsageError(
			`${what} is opened by --passphrase-file or by --key-file`,
		);
	}
	if (keyFile !== undefined) return secretOf({ keyFile }, ".");
	const text = readFileSync(passphraseFile as string, "utf8");
	return { passphrase: Buffer.from(text.replace(/\r?\n$/, "")) };
}

/** How a new keyring is unlocked. */
export function derivationOf(secret: Secret, { config }: Loaded): Derivation {
	if ("key" in secret) return { name: "key-file" };
	return config.fips ? usualPbkdf2 : usualScrypt;
}
