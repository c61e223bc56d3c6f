/** `provider: keyring`: the options of the embedded keyring. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { SealgateError } from "../errors.ts";
import { openKeyringProvider } from "./keyring-provider.ts";
import { defineKeyProvider } from "./provider-plugin.ts";
import { readKeyFile, type Secret } from "./unlock-slot.ts";

const options = z
	.strictObject({
		path: z.string().min(1).describe("The keyring's file."),
		passphrase: z
			.string()
			.min(1)
			.meta({ secret: true })
			.optional()
			.describe("What opens it; refer to an environment variable or a file."),
		keyFile: z
			.string()
			.min(1)
			.optional()
			.describe("A file of 32 bytes, or base64 of them, that opens it."),
	})
	.refine(
		({ passphrase, keyFile }) =>
			(passphrase === undefined) !== (keyFile === undefined),
		"a keyring is opened by a passphrase or by a keyFile",
	);

export type KeyringOptions = z.output<typeof options>;

export const keyring = defineKeyProvider({
	name: "keyring",
	api: 1,
	options,
	files: ({ keyFile }, { directory }) =>
		keyFile === undefined ? [] : [resolve(directory, keyFile)],
	open: (options, { directory, fips }) =>
		openKeyringProvider(
			resolve(directory, options.path),
			secretOf(options, directory),
			fips,
		),
});

/** @throws SealgateError `keyring-missing` where there is no such file, or `argument-invalid` where it holds no key */
export function secretOf(
	{ keyFile, passphrase }: Omit<KeyringOptions, "path">,
	folder: string,
): Secret {
	if (keyFile === undefined)
		return { passphrase: Buffer.from(passphrase ?? "") };
	const path = resolve(folder, keyFile);
	try {
		return { key: readKeyFile(readFileSync(path)) };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
		throw new SealgateError("keyring-missing", `There is no key file ${path}.`);
	}
}
