/** `provider: vault` at our stub Vault, which can fail in every way. */
import { randomBytes, randomUUID } from "node:crypto";
import { keysVault } from "../../../plugins/keys-vault/index.ts";
import type { KeyProvider } from "../../../src/keys/provider.ts";
import {
	startVault,
	type VaultFault,
	type VaultStub,
} from "../../support/vault-stub.ts";
import { vaultRole } from "../../support/vault-tokens.ts";
import { never } from "./asserts.ts";
import type { Counterpart, FaultName, Network } from "./counterpart.ts";

/** A provider as the configuration's options open it. */
export function openVault(
	address: string,
	auth: object = { appRole: vaultRole },
	further: object = {},
): Promise<KeyProvider> {
	const options = keysVault.options.parse({ address, auth, ...further });
	const host = { name: "main", directory: ".", fips: false };
	return keysVault.open(options, host);
}

/** What Vault has none of, wherever it runs. */
export const vaultAbsent = {
	aliases: "a key has its name, and no other",
	"waiting-deletion": "a key is deleted at once",
	replicas: "a replicated Vault has the same key under the same name",
} as const;

const unnamed = "the answer names no key: the path pins it, and the key's own";

const changed = (members: Record<string, unknown>): VaultFault => ({
	change: members,
});

const faults: Record<FaultName, VaultFault> = {
	throttled: { refuse: 429, error: "canary" },
	"server-error": { refuse: 500 },
	overloaded: { raw: "canary", status: 503, type: "text/plain" },
	reset: { connection: "reset" },
	cut: { connection: "cut" },
	silence: { connection: "silence" },
	"no-protocol": { raw: '{"data": tru' },
	"web-page": { raw: "<html>canary</html>", type: "text/html" },
	"empty-answer": { raw: "{}" },
	"no-key": changed({ plaintext: undefined }),
	"short-key": changed({ plaintext: randomBytes(16).toString("base64") }),
	"zero-key": changed({ plaintext: Buffer.alloc(32).toString("base64") }),
	"no-blob": changed({ ciphertext: "" }),
	"huge-blob": changed({
		ciphertext: `vault:v1:${randomBytes(6_144).toString("base64")}`,
	}),
	"no-key-id": changed({ name: undefined }),
	"other-key-id": changed({ name: "another" }),
	denied: { refuse: 403, error: "canary: permission denied" },
	"expired-token": { stranger: true },
	"unknown-refusal": { refuse: 400, error: "canary: something new" },
};

export async function vaultStubCounterpart(): Promise<Counterpart> {
	const vault = await startVault();
	const { keys } = vault;
	let newest: string | undefined;
	return {
		name: "vault at the stub",
		/** As in a gateway, which asks what a route's key is before it uses it. */
		async open() {
			const provider = await openVault(vault.address);
			if (newest !== undefined) await provider.describe(newest, never);
			return provider;
		},
		async createKey() {
			newest = `conformance-${randomUUID()}`;
			keys.create(newest);
			return { id: newest, alias: newest };
		},
		async disable(id) {
			keys.get(id).softDeleted = true;
		},
		async enable(id) {
			keys.get(id).softDeleted = false;
		},
		async destroy(id) {
			keys.destroy(id);
			newest = undefined;
		},
		async rotate(id) {
			keys.get(id).versions.push(randomBytes(32));
		},
		network: networkOf(vault),
		absent: vaultAbsent,
		differs: {
			"no-key-id at generate is an outage: malformed": unnamed,
			"no-key-id at unwrap is an outage: malformed": unnamed,
			"other-key-id at generate is an outage: malformed": unnamed,
			"an answer that opened the blob by another key is a refusal": unnamed,
		},
		close: () => vault.close(),
	};
}

function networkOf(vault: VaultStub): Network {
	return {
		calls: () => vault.calls.length,
		called: (times) => vault.until("calls", times),
		fault(name, times = Number.POSITIVE_INFINITY) {
			let left = times;
			vault.fault = () => (left-- > 0 ? faults[name] : undefined);
		},
		hold() {
			let release = (): void => {};
			const hold = new Promise<void>((resolve) => {
				release = resolve;
			});
			vault.fault = () => ({ hold });
			return release;
		},
		heal() {
			vault.fault = undefined;
			vault.strangers = false;
		},
		async openNowhere() {
			const gone = await startVault();
			await gone.close();
			return openVault(gone.address);
		},
		openWithWrongSecret: () =>
			openVault(vault.address, {
				appRole: { ...vaultRole, secretId: "another" },
			}),
		credentialRefusal: /Vault answered 40[03]/,
	};
}
