/** Part tables that were proven, by the nonce of the opened record: a name or an ETag would be the store's word only. */
import { ciphertextLength } from "../../src/index.ts";
import {
	type ObjectTable,
	provenTable,
	type StoredObject,
} from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";

const mostTables = 10_000;

/** The table of an object, proven now or before. @throws what `provenTable` throws */
export function provenTableOf(
	{ tables, options }: Envelope,
	found: FoundObject,
	stored: StoredObject,
): Promise<ObjectTable> {
	const { maxParts } = options.verifyLayout;
	return tables.of(found, stored.size, () =>
		provenTable(found, stored, maxParts),
	);
}

export class ProvenTables {
	readonly #tables = new Map<string, ObjectTable>();

	/** @param size of the object's ciphertext, as the store tells it now: another table of the same upload is another size */
	async of(
		{ record }: FoundObject,
		size: number,
		prove: () => Promise<ObjectTable>,
	): Promise<ObjectTable> {
		if (record.single !== undefined) return prove();
		const { segmentBytes } = record.format;
		const name = record.nonce.toString("latin1");
		const known = this.#tables.get(name);
		this.#tables.delete(name);
		const fits = known !== undefined && sizeOf(known, segmentBytes) === size;
		const table = fits ? known : await prove();
		this.#tables.set(name, table);
		if (this.#tables.size > mostTables) {
			this.#tables.delete(this.#tables.keys().next().value as string);
		}
		return table;
	}
}

function sizeOf({ lengths, tail }: ObjectTable, segmentBytes: number): number {
	return lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		tail,
	);
}
