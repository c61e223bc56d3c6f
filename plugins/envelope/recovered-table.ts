/** Part tables where the store tells none: it knows no `HEAD ?partNumber`, or a copy lost how many parts there are. */
import { recoverParts } from "../../src/index.ts";
import { sizeOf } from "./part-sizes.ts";
import type { ObjectTable, StoredObject } from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";

/** Segments that may be tried for one request. Each is read from the store: 256 MiB at most. */
const trials = 4_096;

/** @throws DecryptionError `parts-unknown` where the parts are not found in so many trials */
export async function recoveredTable(
	{ record, dataKey }: FoundObject,
	{ size, fetch }: StoredObject,
): Promise<ObjectTable> {
	const { nonce, format } = record;
	const ciphertext = {
		size,
		read: async (start: number, end: number) =>
			start < end ? fetch(start, end) : Buffer.alloc(0),
	};
	const object = { dataKey, nonce, format };
	const { lengths, terminated } = await recoverParts(
		object,
		ciphertext,
		trials,
	);
	const tail = terminated ? size - sizeOf(lengths, format.segmentBytes) : 0;
	return { lengths, tail, proven: true };
}
