/** The JSON objects of strings that S3 Encryption Clients write: encryption contexts, instruction files. */
import { DecryptionError } from "../decryption-error.ts";

/**
 * ASCII only: S3 spells anything else in a way of its own, which not every client reads.
 * @param name of the field, for the message
 * @throws DecryptionError `record-malformed`
 */
export function parsePairs(
	name: string,
	json: string,
): Readonly<Record<string, string>> {
	const wrong = (what: string, cause?: unknown) =>
		new DecryptionError("record-malformed", `${name} ${what}`, cause);
	if (!/^[\t\n\r\x20-\x7e]*$/.test(json)) throw wrong("is not ASCII");
	let parsed: unknown;
	try {
		parsed = JSON.parse(json);
	} catch (error) {
		throw wrong("is no JSON", error);
	}
	const isObject =
		typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
	if (!isObject) throw wrong("is no JSON object");
	const entries = Object.entries(parsed as object);
	if (entries.every((entry): entry is [string, string] => isText(entry[1])))
		return Object.fromEntries(entries);
	throw wrong("holds what is no string");
}

function isText(value: unknown): boolean {
	return typeof value === "string";
}
