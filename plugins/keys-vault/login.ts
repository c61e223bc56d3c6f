/** How a gateway becomes known to Vault: what is posted where. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SealgateError } from "../../src/index.ts";
import type { Asked } from "./http.ts";
import type { Options } from "./options.ts";

/** The login's request; absent for a token, which nothing can renew once it is over. */
export type Login = () => Promise<Asked>;

/** @param directory a path is relative to it */
export function loginOf(
	auth: Options["auth"],
	directory: string,
): Login | undefined {
	if ("token" in auth) return undefined;
	if ("appRole" in auth) {
		const { mount, roleId, secretId } = auth.appRole;
		const body = { role_id: roleId, secret_id: secretId };
		return async () => post(mount, body);
	}
	const { mount, role, jwtFile } = auth.kubernetes;
	const file = resolve(directory, jwtFile);
	return async () => post(mount, { role, jwt: await tokenIn(file) });
}

function post(mount: string, body: Record<string, string>): Asked {
	return { method: "POST", path: `auth/${mount}/login`, body };
}

/** Kubernetes writes another now and then. */
async function tokenIn(file: string): Promise<string> {
	try {
		return (await readFile(file, "utf8")).trim();
	} catch (cause) {
		throw credentialFailure(cause as Error);
	}
}

/** @param cause without what Vault said: it may repeat what was sent */
export function credentialFailure(cause: Error): SealgateError {
	return new SealgateError(
		"credentials-unavailable",
		"The gateway's own credentials for Vault are missing, expired or refused. Its operator has to renew them.",
		{ cause },
	);
}
