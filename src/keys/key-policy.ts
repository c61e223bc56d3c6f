/** Who may use which key: the `policy` of an entry of `keys`, and where it says nothing, the routes that name the key. */
import type { Config } from "../config/schema.ts";
import { SealgateError } from "../errors.ts";
import { isMissing, type WrappingKeyCache } from "./wrapping-key-cache.ts";

export type Statement = Config["keys"][number]["policy"][number];

/** Who asks. */
export interface KeyUser {
	readonly route: string;
	/** Ids and aliases that the route's policies name. */
	readonly named: readonly string[];
	readonly client: string;
}

/** Knows the ids behind names. */
export type KeyNames = Pick<WrappingKeyCache, "idOf">;

/** Undefined where no key has that name. @throws SealgateError `keys-unavailable` */
async function idOf(
	names: KeyNames,
	name: string,
	signal: AbortSignal,
): Promise<string | undefined> {
	try {
		return await names.idOf(name, signal);
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
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
	const id = (await idOf(names, keyId, signal)) ?? keyId;
	const isKey = async (name: string): Promise<boolean> =>
		name === id || (await idOf(names, name, signal)) === id;
	const any = async (candidates: readonly string[]): Promise<boolean> => {
		for (const name of candidates) if (await isKey(name)) return true;
		return false;
	};
	const allowed = async (users: Statement["encrypt"]): Promise<boolean> => {
		const { routes, clients } = users ?? {};
		if (clients !== undefined && !clients.includes(user.client)) return false;
		return routes?.includes(user.route) ?? any(user.named);
	};
	let said = false;
	for (const statement of statements) {
		if (!(await isKey(statement.key))) continue;
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
