/** What a token tells of a key, and whether it may wrap: AES of 256 bits that cannot leave the token. */
import type { Handle, Library, Pkcs11 } from "./cryptoki.ts";
import { TokenFailure } from "./token-failure.ts";

export interface TokenKey {
	/** Hex of its CKA_ID. */
	readonly keyId: string;
	readonly label: string;
	readonly enabled: boolean;
}

/** @throws TokenFailure `key-unusable` where it may not wrap */
export function factsOf(
	pkcs11: Pkcs11,
	library: Library,
	session: Handle,
	key: Handle,
): TokenKey {
	const names = [
		...["CKA_ID", "CKA_LABEL", "CKA_KEY_TYPE", "CKA_VALUE_LEN"],
		...["CKA_SENSITIVE", "CKA_EXTRACTABLE", "CKA_ENCRYPT", "CKA_DECRYPT"],
	];
	const template = names.map((name) => ({ type: pkcs11[name] ?? -1 }));
	const values = library.C_GetAttributeValue(session, key, template);
	const value = (name: string): Buffer =>
		values[names.indexOf(name)]?.value ?? Buffer.alloc(0);
	const number = (name: string): number => value(name)[0] ?? 0;
	if (number("CKA_KEY_TYPE") !== pkcs11.CKK_AES)
		throw unusable("it is no AES key");
	if (number("CKA_VALUE_LEN") !== 32) throw unusable("it has not 256 bits");
	if (number("CKA_SENSITIVE") !== 1 || number("CKA_EXTRACTABLE") !== 0)
		throw unusable(
			"it could leave the token. Make one with CKA_SENSITIVE and without CKA_EXTRACTABLE",
		);
	if (value("CKA_ID").length === 0) throw unusable("it has no CKA_ID");
	return {
		keyId: value("CKA_ID").toString("hex"),
		label: value("CKA_LABEL").toString(),
		enabled: number("CKA_ENCRYPT") === 1 || number("CKA_DECRYPT") === 1,
	};
}

function unusable(why: string): TokenFailure {
	return new TokenFailure("key-unusable", "C_GetAttributeValue", why);
}
