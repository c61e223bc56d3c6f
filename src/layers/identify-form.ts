/** Who sent a form: a client by the signature over its policy, the anonymous one, or whoever a trusted listener lets in. */
import { SealgateError } from "../errors.ts";
import type { Client } from "../exchange.ts";
import {
	type PostAuthentication,
	verifyPostSignature,
} from "../sigv4/post-signature.ts";
import { type IdentityOptions, trusted } from "./identify.ts";
import { type ClientIndex, checkToken, unknownKey } from "./known-clients.ts";

/**
 * @param authentication undefined for a form that is not signed
 * @throws SealgateError where nobody known sent it, or the signature does not hold
 */
export function identifyForm(
	options: IdentityOptions,
	known: ClientIndex,
	authentication: PostAuthentication | undefined,
): Client {
	if (options.mode === "trust") return trusted;
	if (authentication === undefined) {
		if (known.anonymous !== undefined) return known.anonymous;
		throw new SealgateError("access-denied", "Access Denied");
	}
	const { accessKeyId, sessionToken } = authentication;
	const found = known.find(accessKeyId);
	if (found === undefined) throw unknownKey(accessKeyId, sessionToken);
	verifyPostSignature(authentication, {
		secretAccessKeys: found.key.secretAccessKeys,
		region: options.region,
	});
	checkToken(found.key, sessionToken);
	return found.client;
}
