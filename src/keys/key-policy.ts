/** Who may use which key: the `policy` of an entry of `keys`, and where it says nothing, the routes that name the key. */
import type { Config } from "../config/schema.ts";
import { SealgateError } from "../errors.ts";
import type { KeyProvider } from "./provider.ts";

export type Statement = Config["keys"][number]["policy"][number];

/** Who asks. */
export interface KeyUser {
	readonly route: string;
	/** Ids and aliases that the route's policies name. */
	readonly named: readonly string[];
	readonly client: string;
}

/** Ids of aliases, as the provider tells them; remembered for a while. */
export class KeyNames {
	readonly #provider: Pick<KeyProvider, "describe">;
	readonly #maxAge: number;
	readonly #now: () => number;
	readonly #known = new Map<string, { id: string | undefined; born: number }>();

	/** @param maxAge milliseconds */
	constructor(
		provider: Pick<KeyProvider, "describe">,
		maxAge: number,
		now: () => number,
	) {
		this.#provider = provider;
		this.#maxAge = maxAge;
		this.#now = now;
	}

	/** Whether a name is that of the key. @throws SealgateError `keys-unavailable` */
	async isOf(
		name: string,
		keyId: string,
		signal: AbortSignal,
	): Promise<boolean> {
		return name === keyId || (await this.idOf(name, signal)) === keyId;
	}

	/** Undefined where no key has that name. @throws SealgateError `keys-unavailable` */
	async idOf(name: string, signal: AbortSignal): Promise<string | undefined> {
		const known = this.#known.get(name);
		if (known !== undefined && this.#now() - known.born < this.#maxAge)
			return known.id;
		const id = await this.#ask(name, signal);
		this.#known.set(name, { id, born: this.#now() });
		return id;
	}

	forget(): void {
		this.#known.clear();
	}

	async #ask(name: string, signal: AbortSignal): Promise<string | undefined> {
		try {
			return (await this.#provider.describe(name, signal)).keyId;
		} catch (error) {
			if (error instanceof SealgateError && error.code === "key-not-found")
				return undefined;
			throw error;
		}
	}
}

/**
 * Asked before the provider is asked for the key, so that a record never introduces one.
 * @param keyId id or alias
 * @throws SealgateError `key-denied`
 */
export async function requireAllowed(
	statements: readonly Statement[],
	names: KeyNames,
	use: "encrypt" | "decrypt",
	keyId: string,
	user: KeyUser,
	signal: AbortSignal,
): Promise<void> {
	const id = (await names.idOf(keyId, signal)) ?? keyId;
	const any = async (candidates: readonly string[]): Promise<boolean> => {
		for (const name of candidates)
			if (await names.isOf(name, id, signal)) return true;
		return false;
	};
	const allowed = async (users: Statement["encrypt"]): Promise<boolean> => {
		const { routes, clients } = users ?? {};
		if (clients !== undefined && !clients.includes(user.client)) return false;
		return routes?.includes(user.route) ?? any(user.named);
	};
	let said = false;
	for (const statement of statements) {
		if (!(await names.isOf(statement.key, id, signal))) continue;
		said = true;
		// The same key may stand there by its id and by an alias: each of them has to allow it.
		if (!(await allowed(statement[use]))) throw denied(use, keyId, user);
	}
	if (!said && !(await any(user.named))) throw denied(use, keyId, user);
}

function denied(
	use: "encrypt" | "decrypt",
	keyId: string,
	{ route, client }: KeyUser,
): SealgateError {
	return new SealgateError(
		"key-denied",
		`Access Denied: route "${route}" may not ${use} with the key ${keyId} for "${client}". The policy of the key says who may.`,
	);
}
