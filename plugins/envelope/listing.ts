/** What a listing shows of an object: its plaintext's size, an ETag that is no MD5, no checksum of ciphertext. Pure. */
import {
	childText,
	derivedPlaintext,
	type Format,
	s3ecCiphertextLength,
	type XmlElement,
} from "../../src/index.ts";
import { clientEtag, partsOf } from "./etags.ts";
import type { FormatName } from "./options.ts";

/** Behind an object of an S3 Encryption Client. */
const tagBytes = s3ecCiphertextLength(0);

/** By arithmetic, in bytes: docs/format.md, "Sizes in listings". */
export function derivedSize(
	entry: XmlElement,
	{ segmentBytes }: Format,
	written: FormatName,
): number {
	const ciphertext = Number(childText(entry, "Size"));
	if (written !== "t1") return Math.max(0, ciphertext - tagBytes);
	return derivedPlaintext(ciphertext, partsOf(entry), segmentBytes);
}

export function listedEntry(entry: XmlElement, size: number): XmlElement {
	const children = entry.children.flatMap((child) => {
		if (child.name === "Size") return [{ ...child, text: String(size) }];
		if (child.name === "ETag")
			return [{ ...child, text: clientEtag(child.text) }];
		return child.name.startsWith("Checksum") ? [] : [child];
	});
	return { ...entry, children };
}
