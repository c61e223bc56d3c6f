/**
 * What `bindMetadata` proves: that the store answers the headers that were written. SHA-256 of
 * "sealgate/t1 metadata" 00, then each bound header in the order of its name: length-prefixed name and value.
 * docs/format.md, "Bound metadata".
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { DecryptionError } from "./decryption-error.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { isOwnMetadata } from "./record-header.ts";

const label = "sealgate/t1 metadata\0";

const boundNames = new Set([
	"cache-control",
	"content-disposition",
	"content-encoding",
	"content-language",
	"content-type",
	"expires",
	"x-amz-website-redirect-location",
]);

/** @param headers lower-case names, latin1 values, as the store returns them: so a default Content-Type counts, too */
export function metadataHash(headers: ReadonlyMap<string, string>): Buffer {
	const names = [...headers.keys()].filter(isBound).sort();
	const hash = createHash("sha256").update(label, "latin1");
	for (const name of names) {
		const value = headers.get(name) as string;
		hash.update(
			lengthPrefixed(
				Buffer.from(name, "latin1"),
				Buffer.from(value.trim(), "latin1"),
			),
		);
	}
	return hash.digest();
}

/** @throws DecryptionError `metadata-altered` */
export function requireMetadata(
	headers: ReadonlyMap<string, string>,
	expected: Uint8Array,
): void {
	if (!timingSafeEqual(metadataHash(headers), expected)) {
		throw new DecryptionError("metadata-altered", "other headers were written");
	}
}

function isBound(name: string): boolean {
	if (boundNames.has(name)) return true;
	return name.startsWith("x-amz-meta-") && !isOwnMetadata(name);
}
