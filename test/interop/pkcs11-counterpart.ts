/** SoftHSM2 as a counterpart of the conformance suite: a token in a folder, its keys changed by PKCS#11 calls of our own. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type {
	Handle,
	Library,
	Pkcs11,
} from "../../plugins/keys-pkcs11/cryptoki.ts";
import { keysPkcs11 } from "../../plugins/keys-pkcs11/index.ts";
import type { KeyProvider } from "../../src/keys/provider.ts";
import type { Counterpart } from "../keys/conformance/counterpart.ts";
import { folder, installed } from "./harness.ts";

export const pin = "5678-gateway";
/** Where the interop installation keeps pkcs11js. */
const packages = join(installed, "npm-pkcs11/node_modules");
const modules = [
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

type AdminLibrary = Library & {
	C_GenerateKey(session: Handle, how: object, template: object[]): Handle;
	C_SetAttributeValue(session: Handle, key: Handle, template: object[]): void;
	C_DestroyObject(session: Handle, key: Handle): void;
	C_CloseAllSessions(slot: Handle): void;
	C_Logout(session: Handle): void;
};

export interface SoftHsm {
	readonly module: string;
	readonly token: string;
	/** What a process needs to use it. */
	readonly environment: Readonly<Record<string, string>>;
	open(pin?: string, token?: string): Promise<KeyProvider>;
	createKey(label: string, further?: Record<string, unknown>): string;
	/** @param attributes by their names in PKCS#11 */
	set(keyId: string, attributes: Record<string, unknown>): void;
	labelled(label: string): string | undefined;
	destroy(keyId: string): void;
	/** Ends every session of this process, the providers' too. */
	dropSessions(): void;
	logOut(): void;
}

export function softHsm(): SoftHsm {
	const token = "sealgate-interop";
	const place = join(folder, "softhsm");
	mkdirSync(join(place, "tokens"), { recursive: true });
	const file = join(place, "softhsm2.conf");
	writeFileSync(
		file,
		`directories.tokendir = ${join(place, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`,
	);
	const environment = { SOFTHSM2_CONF: file, NODE_PATH: packages };
	// The library reads the first, each thread's module loader the second.
	Object.assign(process.env, environment);
	execFileSync("softhsm2-util", [
		...["--init-token", "--free", "--label", token],
		...["--so-pin", "12345678", "--pin", pin],
	]);
	const module = modules.find((path) => existsSync(path)) ?? "";
	return { ...adminOf(module, token), module, token, environment };
}

function adminOf(
	module: string,
	token: string,
): Omit<SoftHsm, "module" | "token" | "environment"> {
	const require = createRequire(import.meta.url);
	const pkcs11 = require(join(packages, "pkcs11js")) as Pkcs11;
	const library = new pkcs11.PKCS11() as AdminLibrary;
	library.load(module);
	library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK ?? 2 });
	const [slot] = library
		.C_GetSlotList(true)
		.filter((slot) => library.C_GetTokenInfo(slot).label.startsWith(token));
	if (slot === undefined) throw new Error("SoftHSM2 shows no token");
	let session: Handle | undefined;
	const admin = (): Handle => {
		if (session !== undefined) return session;
		const { CKF_SERIAL_SESSION = 0, CKF_RW_SESSION = 0 } = pkcs11;
		session = library.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION);
		try {
			library.C_Login(session, pkcs11.CKU_USER ?? 1, pin);
		} catch (error) {
			if (!/ALREADY_LOGGED_IN/.test(String(error))) throw error;
		}
		return session;
	};
	const template = (attributes: Record<string, unknown>) =>
		Object.entries(attributes).map(([name, value]) => ({
			...{ type: pkcs11[name] as number, value: value as Buffer },
		}));
	const search = (attributes: Record<string, unknown>): Handle | undefined => {
		library.C_FindObjectsInit(admin(), template(attributes));
		const [found] = library.C_FindObjects(admin(), 1);
		library.C_FindObjectsFinal(admin());
		return found;
	};
	const byId = (keyId: string): Handle => {
		const found = search({ CKA_ID: Buffer.from(keyId, "hex") });
		if (found === undefined) throw new Error(`no key ${keyId}`);
		return found;
	};
	return {
		open: (given = pin, label = token) =>
			keysPkcs11.open(
				{ module, token: label, pin: given },
				{ name: "main", directory: ".", fips: false },
			),
		createKey(label, further = {}) {
			const id = randomBytes(18);
			library.C_GenerateKey(
				admin(),
				{ mechanism: pkcs11.CKM_AES_KEY_GEN },
				template({
					...{ CKA_TOKEN: true, CKA_PRIVATE: true, CKA_ID: id },
					...{ CKA_LABEL: label, CKA_VALUE_LEN: 32, CKA_SENSITIVE: true },
					...{ CKA_EXTRACTABLE: false, CKA_ENCRYPT: true, CKA_DECRYPT: true },
					...further,
				}),
			);
			return id.toString("hex");
		},
		set(keyId, attributes) {
			const key = byId(keyId);
			library.C_SetAttributeValue(admin(), key, template(attributes));
		},
		labelled(label) {
			const found = search({ CKA_LABEL: label });
			if (found === undefined) return undefined;
			const [id] = library.C_GetAttributeValue(admin(), found, [
				{ type: pkcs11.CKA_ID as number },
			]);
			return id?.value.toString("hex");
		},
		destroy: (keyId) => library.C_DestroyObject(admin(), byId(keyId)),
		dropSessions() {
			library.C_CloseAllSessions(slot);
			session = undefined;
		},
		logOut() {
			library.C_Logout(admin());
			library.C_CloseSession(admin());
			session = undefined;
		},
	};
}

export function pkcs11Counterpart(hsm: SoftHsm): Counterpart {
	let made = 0;
	const labelOf = (alias: string): string => alias.replace(/^alias\//, "");
	const removeAlias = async (alias: string): Promise<void> => {
		const holder = hsm.labelled(labelOf(alias));
		if (holder !== undefined) hsm.set(holder, { CKA_LABEL: "" });
	};
	const allow = (id: string, yes: boolean): void =>
		hsm.set(id, { CKA_ENCRYPT: yes, CKA_DECRYPT: yes });
	return {
		name: "SoftHSM2",
		open: () => hsm.open(),
		async createKey() {
			const label = `conformance-${made++}`;
			return { id: hsm.createKey(label), alias: `alias/${label}` };
		},
		async pointAlias(alias, id) {
			await removeAlias(alias);
			hsm.set(id, { CKA_LABEL: labelOf(alias) });
		},
		removeAlias,
		disable: async (id) => allow(id, false),
		enable: async (id) => allow(id, true),
		destroy: async (id) => hsm.destroy(id),
		absent: {
			"creation-time": "a token does not keep it",
			rewrap: "a key of a token has no versions",
			rotation: "a key of a token has no versions: another key takes its label",
			"waiting-deletion": "a key is destroyed at once",
			network: "a library in the process: nothing is asked over a network",
			replicas: "tokens that share a key show it under the same CKA_ID",
		},
		differs: {},
		close: async () => {},
	};
}
