/** The clients that a configuration names, by their access keys. */
import { createHash, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import type { Client, ClientLimits } from "../exchange.ts";

export interface KnownKey {
	readonly accessKeyId: string;
	/** Several at once while one replaces another: a request may be signed with any of them. */
	readonly secretAccessKeys: readonly string[];
	/** Present for a temporary key: each request must then carry it. */
	readonly sessionToken: string | undefined;
}

export interface KnownClient {
	readonly name: string;
	/** Empty for the anonymous one. */
	readonly keys: readonly KnownKey[];
	/** Whether requests without a signature are this client's. */
	readonly anonymous: boolean;
	readonly limits: ClientLimits;
}

export interface ClientIndex {
	readonly anonymous: Client | undefined;
	find(accessKeyId: string): { client: Client; key: KnownKey } | undefined;
}

export function indexClients(clients: readonly KnownClient[]): ClientIndex {
	const byAccessKey = new Map(
		clients.flatMap(({ name, keys, limits }) =>
			keys.map((key) => {
				const { accessKeyId } = key;
				return [
					accessKeyId,
					{ key, client: { name, accessKeyId, limits } },
				] as const;
			}),
		),
	);
	const open = clients.find((client) => client.anonymous);
	return {
		anonymous: open && {
			name: open.name,
			accessKeyId: undefined,
			limits: open.limits,
			anonymous: true,
		},
		find: (accessKeyId) => byAccessKey.get(accessKeyId),
	};
}

/** @throws SealgateError `key-unknown` with AWS's words; `given` is the token of the request */
export function unknownKey(
	accessKeyId: string,
	given: string | undefined,
): SealgateError {
	const hint =
		given === undefined
			? ""
			: " Temporary keys are not known here: configure a key for this client, or use authentication: trust on a loopback listener.";
	return new SealgateError(
		"key-unknown",
		`The AWS Access Key Id you provided does not exist in our records.${hint}`,
		{ fields: { AWSAccessKeyId: accessKeyId } },
	);
}

/**
 * Called once the signature is proven, so that nobody else learns how a key is kept here.
 * @throws SealgateError `token-invalid` for another token, or one too many; `key-unknown`, as AWS, where it is missing
 */
export function checkToken(key: KnownKey, given: string | undefined): void {
	if (key.sessionToken === undefined && given === undefined) return;
	if (key.sessionToken === undefined) {
		throw new SealgateError(
			"token-invalid",
			"The provided token is malformed or otherwise invalid. This gateway knows this access key without a session token: sign without it, or configure sessionToken.",
		);
	}
	if (given === undefined) {
		throw new SealgateError(
			"key-unknown",
			"The AWS Access Key Id you provided does not exist in our records. This access key is configured with a session token: send it as x-amz-security-token.",
			{ fields: { AWSAccessKeyId: key.accessKeyId } },
		);
	}
	if (!timingSafeEqual(digest(key.sessionToken), digest(given))) {
		throw new SealgateError(
			"token-invalid",
			"The provided token is malformed or otherwise invalid.",
		);
	}
}

/** Equal lengths, whatever is compared. */
function digest(token: string): Buffer {
	return createHash("sha256").update(token, "utf8").digest();
}
