/** OpenBao as a counterpart of the conformance suite, over TLS, by AppRole and under the policy that the plugin's README prints. */

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "undici";
import type { Counterpart } from "../keys/conformance/counterpart.ts";
import { openVault, vaultAbsent } from "../keys/conformance/vault-stub.ts";
import { folder, freePort, installed, start } from "./harness.ts";

export interface VaultServer {
	readonly address: string;
	/** File of PEM. */
	readonly ca: string;
	/** Of a role whose only policy is the README's. */
	readonly appRole: { readonly roleId: string; readonly secretId: string };
	/** @returns `data` of the answer, as root @throws Error where it is refused */
	admin(
		method: "GET" | "POST" | "DELETE",
		path: string,
		body?: object,
	): Promise<Record<string, unknown>>;
	close(): Promise<void>;
}

export async function openBao(): Promise<VaultServer> {
	const port = await freePort();
	const tls = join(folder, "openbao-tls");
	mkdirSync(tls);
	const address = `https://localhost:${port}`;
	await start(
		"openbao",
		join(installed, "venv-openbao/bin/bao"),
		[
			...["server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root"],
			...["-dev-tls", `-dev-tls-cert-dir=${tls}`],
			`-dev-listen-address=127.0.0.1:${port}`,
		],
		port,
	);
	const ca = join(tls, "vault-ca.pem");
	const client = new Client(address, { connect: { ca: readFileSync(ca) } });
	const admin: VaultServer["admin"] = async (method, path, body) => {
		const answer = await client.request({
			...{ method, path: `/v1/${path}`, headers: { "x-vault-token": "root" } },
			...(body && { body: JSON.stringify(body) }),
		});
		const text = await answer.body.text();
		if (answer.statusCode >= 300) throw new Error(`${path}: ${text}`);
		return text === "" ? {} : (JSON.parse(text).data ?? {});
	};
	await admin("POST", "sys/mounts/transit", { type: "transit" });
	await admin("POST", "sys/auth/approle", { type: "approle" });
	const { gateway, others } = printedPolicies();
	await admin("POST", "sys/policies/acl/sealgate", { policy: gateway });
	await admin("POST", "sys/policies/acl/others", { policy: others });
	const appRole = await roleOf(admin, "sealgate", { token_ttl: "1h" });
	return { address, ca, appRole, admin, close: () => client.close() };
}

/** What the plugin's README grants the gateway, and others; for every key in place of `photos`. */
function printedPolicies(): { gateway: string; others: string } {
	const file = new URL("../../plugins/keys-vault/README.md", import.meta.url);
	const blocks = readFileSync(file, "utf8").match(/(^ {4}.*\n+)+/gm) ?? [];
	const [gateway = "", others = ""] = blocks
		.filter((block) => block.includes("capabilities"))
		.map((block) => block.replaceAll('/photos"', '/+"'));
	return { gateway, others };
}

export async function roleOf(
	admin: VaultServer["admin"],
	name: string,
	settings: object,
): Promise<VaultServer["appRole"]> {
	const role = `auth/approle/role/${name}`;
	const fixed = { token_policies: ["sealgate"], token_no_default_policy: true };
	await admin("POST", role, { ...fixed, ...settings });
	const { role_id } = await admin("GET", `${role}/role-id`);
	const { secret_id } = await admin("POST", `${role}/secret-id`, {});
	return { roleId: String(role_id), secretId: String(secret_id) };
}

export function vaultCounterpart(vault: VaultServer): Counterpart {
	const { address, ca, appRole, admin } = vault;
	const key = (id: string) => `transit/keys/${id}`;
	return {
		name: "OpenBao",
		open: () => openVault(address, { appRole }, { ca }),
		async createKey() {
			const id = `conformance-${randomUUID()}`;
			await admin("POST", key(id), { derived: true });
			return { id, alias: id };
		},
		async disable(id) {
			await admin("DELETE", `${key(id)}/soft-delete`);
		},
		async enable(id) {
			await admin("POST", `${key(id)}/soft-delete-restore`);
		},
		async destroy(id) {
			await admin("POST", `${key(id)}/config`, { deletion_allowed: true });
			await admin("DELETE", key(id));
		},
		async rotate(id) {
			await admin("POST", `${key(id)}/rotate`);
		},
		absent: {
			...vaultAbsent,
			network: "what fails on the way is done by the stub of npm test",
		},
		differs: {},
		close: () => vault.close(),
	};
}
