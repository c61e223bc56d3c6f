/** Part tables that were proven, by the nonce of the opened record: a name or an ETag would be the store's word only. */
import type { ObjectRecord } from "../../src/index.ts";
import type { Options } from "./options.ts";
import { mostParts, sizeOf } from "./part-sizes.ts";
import {
	type ObjectTable,
	type Proof,
	type StoredObject,
	singleTable,
	tableFrom,
} from "./part-table.ts";
import type { FoundObject } from "./sealing.ts";
import type { Envelope } from "./settings.ts";

/** Of all remembered tables together, and so a bound on their number too. */
const mostLengths = 2 ** 20;

/** The table of an object, proven now or before. @throws what `tableFrom` throws */
export function provenTableOf(
	envelope: Envelope,
	found: FoundObject,
	stored: StoredObject,
): Promise<ObjectTable> {
	const { verifyLayout } = envelope.options;
	return remembered(
		envelope,
		found,
		stored,
		verifyLayout === "unproven"
			? { of: "final", maxParts: mostParts }
			: { of: "each", maxParts: verifyLayout.maxParts },
	);
}

/** For a read of the whole object, which proves the table as it goes: the store's word will do, if that is all there is. */
export function wholeTableOf(
	envelope: Envelope,
	found: FoundObject,
	stored: StoredObject,
): Promise<ObjectTable> {
	const { verifyLayout } = envelope.options;
	const maxParts = verifyLayout === "unproven" ? 1 : verifyLayout.maxParts;
	return remembered(envelope, found, stored, { of: "whole", maxParts });
}

async function remembered(
	{ tables }: Envelope,
	found: FoundObject,
	stored: StoredObject,
	proof: Proof,
): Promise<ObjectTable> {
	const known = singleTable(found) ?? tables.known(found.record, stored.size);
	if (known !== undefined) return known;
	const table = await tableFrom(found, stored, proof);
	if (table.proven || proof.of === "final") tables.add(found.record, table);
	return table;
}

type Named = Pick<ObjectRecord, "nonce" | "format">;

export class ProvenTables {
	readonly #tables = new Map<string, ObjectTable>();
	#lengths = 0;

	/** @param size of the object's ciphertext, as the store tells it now: another table of the same upload is another size */
	known({ nonce, format }: Named, size: number): ObjectTable | undefined {
		const name = nonce.toString("latin1");
		const table = this.#tables.get(name);
		if (table === undefined) return undefined;
		this.#forget(name);
		const own = sizeOf(table.lengths, format.segmentBytes) + table.tail;
		if (own !== size) return undefined;
		this.#remember(name, table);
		return table;
	}

	/** Remembers what the object of this record has proven, or what its route takes for proven. */
	add({ nonce }: Pick<Named, "nonce">, table: ObjectTable): void {
		const name = nonce.toString("latin1");
		this.#forget(name);
		this.#remember(name, table);
		while (this.#lengths > mostLengths && this.#tables.size > 1) {
			this.#forget(this.#tables.keys().next().value as string);
		}
	}

	#remember(name: string, table: ObjectTable): void {
		this.#tables.set(name, table);
		this.#lengths += table.lengths.length;
	}

	#forget(name: string): void {
		this.#lengths -= this.#tables.get(name)?.lengths.length ?? 0;
		this.#tables.delete(name);
	}
}

/** What the route's choice leaves open, for the operator; undefined where it is nothing. */
export function unprovenBy({
	verifyLayout,
	headSize,
}: Options): string | undefined {
	if (verifyLayout === "unproven")
		return "verifyLayout: unproven believes the store's lengths of parts: it can make HEAD tell a wrong size, and a range be true bytes of another offset";
	if (headSize === "stated")
		return "headSize: stated believes the store's size of an object of parts: it can make a client that takes the size from HEAD stop early";
	return undefined;
}
