/**
 * The stream without plaintext that ends an object of parts and proves its part table: 56 bytes, then zero bytes up to
 * the padding of object-arithmetic.ts. docs/format.md, "Terminator".
 */
import type { KeyObject } from "node:crypto";
import { type PartTable, terminatorAssociatedData } from "./associated-data.ts";
import { DecryptionError } from "./decryption-error.ts";
import type { Format } from "./formats.ts";
import type { Random } from "./secret-key.ts";
import { emptyStreamBytes } from "./stream-arithmetic.ts";
import { newStreamHeader } from "./stream-key.ts";
import { openStreams } from "./stream-opener.ts";
import { sealStream } from "./stream-sealer.ts";

export interface EndOfObject {
	readonly dataKey: KeyObject;
	readonly nonce: Uint8Array;
	readonly format: Format;
}

/** The 56 bytes, without padding. Its part number is one behind the table's last. */
export function sealTerminator(
	object: EndOfObject,
	table: PartTable,
	random: Random,
): Buffer {
	const pieces: Buffer[] = [];
	const sink = {
		data: (piece: Buffer) => pieces.push(piece) > 0,
		end: () => {},
	};
	const stream = streamOf(object, table);
	sealStream({ ...stream, header: newStreamHeader(random) }, sink).end();
	return Buffer.concat(pieces);
}

/**
 * Whether the table is proven (`true`) or was the store's word at Complete (`false`).
 * @param bytes the whole last part, padding included
 * @throws DecryptionError `terminator-broken` where they end no object with these parts
 */
export function openTerminator(
	object: EndOfObject,
	lengths: readonly number[],
	bytes: Buffer,
): boolean {
	const stream = bytes.subarray(0, emptyStreamBytes);
	if (bytes.subarray(emptyStreamBytes).some((byte) => byte !== 0)) {
		throw new DecryptionError("terminator-broken", "its padding is not zero");
	}
	if (opens(object, { lengths, proven: true }, stream)) return true;
	if (opens(object, { lengths, proven: false }, stream)) return false;
	throw new DecryptionError(
		"terminator-broken",
		`it does not end an object of ${lengths.length} parts of these lengths`,
	);
}

function opens(object: EndOfObject, table: PartTable, stream: Buffer): boolean {
	const sink = { data: () => true, end: () => {} };
	try {
		const opening = openStreams([streamOf(object, table)], sink);
		opening.data(stream);
		opening.end();
		return true;
	} catch (error) {
		if (error instanceof DecryptionError) return false;
		throw error;
	}
}

function streamOf(object: EndOfObject, table: PartTable) {
	const part = table.lengths.length + 1;
	return {
		dataKey: object.dataKey,
		associatedData: terminatorAssociatedData(object.nonce, part, table),
		segmentBytes: object.format.segmentBytes,
		plaintext: 0,
	};
}
