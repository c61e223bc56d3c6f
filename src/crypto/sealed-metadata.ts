/**
 * The values that `sealMetadata` takes out of the store's sight. They travel behind the data key in the sealed key's
 * plaintext: for each, length-prefixed name and value. docs/format.md, "Sealed key".
 */
import { SealgateError } from "../errors.ts";
import { DecryptionError } from "./decryption-error.ts";
import { lengthPrefixed, readLengthPrefixed } from "./length-prefixed.ts";

/** Lower-case header name to value; values are latin1 strings, one character a byte, as HTTP carries them. */
export type SealedMetadata = ReadonlyMap<string, string>;

/** In the order of their names. @throws SealgateError `argument-invalid` for a character that no header holds */
export function encodeSealedMetadata(metadata: SealedMetadata): Buffer {
	const names = [...metadata.keys()].sort();
	return lengthPrefixed(
		...names.flatMap((name) => [
			latin1(name),
			latin1(metadata.get(name) as string),
		]),
	);
}

/** @throws DecryptionError `record-malformed` */
export function decodeSealedMetadata(bytes: Buffer): SealedMetadata {
	const items = readLengthPrefixed(bytes);
	if (items === undefined || items.length % 2 !== 0) throw malformed();
	const metadata = new Map<string, string>();
	for (let index = 0; index < items.length; index += 2) {
		const name = (items[index] as Buffer).toString("latin1");
		if (metadata.has(name)) throw malformed();
		metadata.set(name, (items[index + 1] as Buffer).toString("latin1"));
	}
	return metadata;
}

function latin1(text: string): Buffer {
	const bytes = Buffer.from(text, "latin1");
	if (bytes.toString("latin1") !== text) {
		throw new SealgateError(
			"argument-invalid",
			"A metadata value that is to be sealed holds characters outside latin1.",
		);
	}
	return bytes;
}

function malformed(): DecryptionError {
	return new DecryptionError("record-malformed", "its sealed metadata");
}
