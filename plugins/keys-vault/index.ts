/** `provider: vault`: keys of the transit engine of HashiCorp Vault or OpenBao. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineKeyProvider } from "../../src/index.ts";
import { openHttp } from "./http.ts";
import { loginOf } from "./login.ts";
import { options } from "./options.ts";
import { VaultProvider } from "./provider.ts";
import { Session } from "./session.ts";

export const keysVault = defineKeyProvider({
	name: "vault",
	api: 1,
	options,
	files: ({ ca }, { directory }) =>
		ca === undefined ? [] : [resolve(directory, ca)],
	async open({ address, mount, namespace, ca, auth }, host) {
		const { name, directory, fips } = host;
		const file = ca === undefined ? undefined : resolve(directory, ca);
		const signers = file === undefined ? undefined : pem(file, name);
		const http = openHttp(address, namespace, signers);
		const token = "token" in auth ? auth.token : undefined;
		const session = new Session(http, loginOf(auth, directory), token);
		return new VaultProvider({ http, session, mount, fips });
	},
});

function pem(file: string, name: string): Buffer {
	try {
		return readFileSync(file);
	} catch (cause) {
		throw new Error(`keys "${name}": ca ${file} cannot be read.`, { cause });
	}
}
