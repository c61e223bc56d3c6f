/** `provider: vault` at OpenBao: the conformance suite, what only a real one shows, and an envelope route. */
import assert from "node:assert/strict";
import { DecryptionError } from "../../src/crypto/decryption-error.ts";
import { context, fails, never, opens } from "../keys/conformance/asserts.ts";
import { openVault } from "../keys/conformance/vault-stub.ts";
import { conforms } from "./conforms.ts";
import { check, part } from "./harness.ts";
import { sealedRoute } from "./sealed-route.ts";
import type { RunningStore } from "./stores.ts";
import {
	openBao,
	roleOf,
	type VaultServer,
	vaultCounterpart,
} from "./vault-counterpart.ts";

const group = "vault at OpenBao";

/** @param store that an envelope route writes to */
export async function vaultService(store: RunningStore): Promise<void> {
	await part("OpenBao", async () => {
		const vault = await openBao();
		await tokens(vault);
		await keys(vault);
		const { roleId, secretId } = vault.appRole;
		await sealedRoute({
			...{ group: `${store.name}, envelope by OpenBao`, bucket: "vault" },
			...{ store, keyId: "photos", recorded: "photos" },
			keys: `{ name: main, provider: vault, address: "${vault.address}", ca: ${vault.ca}, auth: { appRole: { roleId: ${roleId}, secretId: ${secretId} } } }`,
		});
		await conforms(vaultCounterpart(vault));
	});
}

async function tokens({ address, ca, admin }: VaultServer): Promise<void> {
	await admin("POST", "transit/keys/tokens", { derived: true });
	await check(
		group,
		"an expired token is got anew, and a denied path told",
		async () => {
			const appRole = await roleOf(admin, "short", { token_ttl: "1h" });
			const provider = await openVault(address, { appRole }, { ca });
			const made = await provider.generate("tokens", context, never);
			await admin("POST", "sys/leases/revoke-prefix/auth/approle/login");
			await opens(provider, made);
			await admin("POST", "sys/policies/acl/nothing", {
				policy: 'path "auth/token/lookup-self" { capabilities = ["read"] }',
			});
			const denied = await roleOf(admin, "denied", {
				token_policies: ["nothing"],
			});
			const other = await openVault(address, { appRole: denied }, { ca });
			await fails(other.describe("tokens", never), "key-denied");
			await provider.close?.();
			await other.close?.();
		},
	);
	await check(
		group,
		"a token of a second goes on by renewals and logins",
		async () => {
			const settings = { token_ttl: "1s", token_max_ttl: "2s" };
			const appRole = await roleOf(admin, "second", settings);
			const provider = await openVault(address, { appRole }, { ca });
			const end = Date.now() + 5_000;
			while (Date.now() < end) {
				const made = await provider.generate("tokens", context, never);
				await opens(provider, made);
				await new Promise((resolve) => setTimeout(resolve, 100));
			}
			await provider.close?.();
		},
	);
	await check(group, "a spent secret id is told", async () => {
		const settings = { secret_id_num_uses: 1 };
		const appRole = await roleOf(admin, "once", settings);
		const one = await openVault(address, { appRole }, { ca });
		await one.describe("tokens", never);
		const two = await openVault(address, { appRole }, { ca });
		await fails(two.describe("tokens", never), "credentials-unavailable");
		await one.close?.();
		await two.close?.();
	});
}

async function keys({
	address,
	ca,
	appRole,
	admin,
}: VaultServer): Promise<void> {
	const provider = await openVault(address, { appRole }, { ca });
	await check(group, "a key that is not derived is refused", async () => {
		await admin("POST", "transit/keys/bare", {});
		await fails(provider.generate("bare", context, never), "key-unusable");
		await admin("POST", "transit/keys/rsa", { type: "rsa-2048" });
		await fails(provider.generate("rsa", context, never), "key-unusable");
	});
	await check(
		group,
		"a version below min_decryption_version is refused, and rewrap saves what it wrapped",
		async () => {
			await admin("POST", "transit/keys/old", { derived: true });
			const made = await provider.generate("old", context, never);
			await admin("POST", "transit/keys/old/rotate");
			const { version } = await provider.describe("old", never);
			assert.equal(version, 2);
			const wrapped = await provider.rewrap?.(
				"old",
				made.wrapped,
				context,
				never,
			);
			assert.match(String(wrapped), /^vault:v2:/);
			await admin("POST", "transit/keys/old/config", {
				min_decryption_version: 2,
			});
			const refused = provider.unwrap("old", made.wrapped, context, never);
			await assert.rejects(refused, DecryptionError);
			await opens(provider, { ...made, wrapped: wrapped ?? Buffer.alloc(0) });
		},
	);
	await check(
		group,
		"the policy that the README prints for others keeps them from our contexts",
		async () => {
			await admin("POST", "transit/keys/photos", { derived: true });
			const made = await provider.generate("photos", context, never);
			const settings = { token_policies: ["others"] };
			const others = await roleOf(admin, "others", settings);
			const other = await openVault(address, { appRole: others }, { ca });
			const opened = other.unwrap("photos", made.wrapped, context, never);
			await fails(opened, "key-denied");
			await other.close?.();
			await opens(provider, made);
		},
	);
	await provider.close?.();
}
