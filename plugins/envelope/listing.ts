/** What a listing shows of an object: its plaintext's size by arithmetic, an ETag that is no MD5, no checksum of ciphertext. Pure. */
import {
	childText,
	derivedPlaintext,
	type Format,
	type XmlElement,
} from "../../src/index.ts";
import { clientEtag, partsOf } from "./etags.ts";
import type { Options } from "./options.ts";

/** Undefined hides the entry: an upload's id of the store cannot be resumed here. */
export function listedEntry(
	entry: XmlElement,
	{ segmentBytes }: Format,
	uploads: Options["listUploads"],
): XmlElement | undefined {
	if (entry.name === "Upload") return uploads === "raw" ? entry : undefined;
	const parts = partsOf(entry);
	const ciphertext = Number(childText(entry, "Size"));
	const children = entry.children.flatMap((child) => {
		if (child.name === "Size") {
			const size = derivedPlaintext(ciphertext, parts, segmentBytes);
			return [{ ...child, text: String(size) }];
		}
		if (child.name === "ETag")
			return [{ ...child, text: clientEtag(child.text) }];
		return child.name.startsWith("Checksum") ? [] : [child];
	});
	return { ...entry, children };
}
