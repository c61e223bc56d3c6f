/** Lists of byte strings without ambiguity: u16be length, then the bytes. */
import { SealgateError } from "../errors.ts";

const longest = 0xffff;

/** @throws SealgateError `argument-invalid` where one is longer than 65,535 bytes */
export function lengthPrefixed(...items: readonly Uint8Array[]): Buffer {
	const bytes = Buffer.alloc(
		items.reduce((sum, { length }) => sum + 2 + length, 0),
	);
	let offset = 0;
	for (const item of items) {
		if (item.length > longest) {
			throw new SealgateError(
				"argument-invalid",
				`A value of ${item.length} bytes is too long to be sealed.`,
			);
		}
		offset = bytes.writeUInt16BE(item.length, offset);
		bytes.set(item, offset);
		offset += item.length;
	}
	return bytes;
}

/** The inverse; `undefined` where bytes are missing. */
export function readLengthPrefixed(bytes: Buffer): Buffer[] | undefined {
	const items: Buffer[] = [];
	let offset = 0;
	while (offset < bytes.length) {
		if (offset + 2 > bytes.length) return undefined;
		const end = offset + 2 + bytes.readUInt16BE(offset);
		if (end > bytes.length) return undefined;
		items.push(bytes.subarray(offset + 2, end));
		offset = end;
	}
	return items;
}
