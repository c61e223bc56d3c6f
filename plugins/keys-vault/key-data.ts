/** What Vault tells of a key (`GET transit/keys/NAME`), and whether it may wrap. */
import { type KeyDescription, KeysUnavailable } from "../../src/index.ts";
import { unusable } from "./failures.ts";

/** 256 bits and authenticated; the last is not of Vault, but of OpenBao. */
const types = ["aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"];

/**
 * @param fips AES alone
 * @throws SealgateError `key-unusable` where nothing would bind a wrapped key to its context, or KeysUnavailable
 */
export function describedBy(
	data: Readonly<Record<string, unknown>>,
	keyId: string,
	fips: boolean,
): KeyDescription {
	const { name, type, derived, latest_version: version } = data;
	if (name !== keyId) throw malformed("another key than was asked for");
	if (!types.slice(0, fips ? 1 : types.length).includes(String(type)))
		throw unusable(
			"key-unusable",
			keyId,
			`it is of the type ${type}, and not aes256-gcm96`,
		);
	// Vault ignores the context of a key that is not derived, and opens whatever it wrapped.
	if (derived !== true)
		throw unusable(
			"key-unusable",
			keyId,
			"nothing binds what it wraps to a context, since it was not created with derived=true. Create another key that is",
		);
	const made = Object.values((data.keys ?? {}) as object)[0];
	if (typeof version !== "number" || typeof made !== "number")
		throw malformed("a key without its versions");
	return {
		keyId,
		aliases: [],
		state: data.soft_deleted === true ? "disabled" : "enabled",
		created: new Date(made * 1_000),
		version,
	};
}

export function malformed(what: string): KeysUnavailable {
	return new KeysUnavailable("malformed", new Error(`Vault answered ${what}`));
}
