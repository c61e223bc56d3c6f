/** The tokens of a Vault in memory, and the logins that give them. Nothing here is over by the clock: a test says when. */
import { randomUUID } from "node:crypto";
import { type Members, VaultRefusal } from "./vault-keys.ts";

export const vaultRole = { roleId: "role-1", secretId: "a secret id" } as const;
export const kubernetesRole = { role: "sealgate", jwt: "a.service.account" };

interface Token {
	/** Seconds. */
	readonly lease: number;
	readonly renewable: boolean;
	renewals: number;
}

export class VaultTokens {
	readonly #tokens = new Map<string, Token>();
	/** Of the next token. */
	lease = 3_600;
	renewable = true;
	/** What a renewal gives; absent: the lease again. */
	renewedLease: number | undefined;
	logins = 0;

	create(): string {
		const text = `s.${randomUUID()}`;
		const { lease, renewable } = this;
		this.#tokens.set(text, { lease, renewable, renewals: 0 });
		return text;
	}

	/** Every token is over. */
	expire(): void {
		this.#tokens.clear();
	}

	/** How often each was renewed. */
	get renewals(): number[] {
		return [...this.#tokens.values()].map(({ renewals }) => renewals);
	}

	require(text: string): Token {
		const token = this.#tokens.get(text);
		if (token === undefined) throw new VaultRefusal(403, "permission denied");
		return token;
	}

	lookUp(text: string): Members {
		const { lease, renewable } = this.require(text);
		return { data: { ttl: lease, renewable } };
	}

	renew(text: string): Members {
		const token = this.require(text);
		if (!token.renewable) throw new VaultRefusal(400, "lease is not renewable");
		token.renewals += 1;
		const lease_duration = this.renewedLease ?? token.lease;
		return { auth: { client_token: text, lease_duration, renewable: true } };
	}

	logIn(given: Members): Members {
		const right =
			(given.role_id === vaultRole.roleId &&
				given.secret_id === vaultRole.secretId) ||
			(given.role === kubernetesRole.role && given.jwt === kubernetesRole.jwt);
		this.logins += 1;
		if (!right) throw new VaultRefusal(400, "invalid role or secret ID");
		const { lease: lease_duration, renewable } = this;
		return { auth: { client_token: this.create(), lease_duration, renewable } };
	}
}
