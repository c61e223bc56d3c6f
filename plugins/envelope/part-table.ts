/**
 * The lengths of an object's parts. What the store says of them is a guess, and what the object proves an answer:
 * its terminator proves all of them, else the last segment of each part its own. docs/adr/0011-part-tables.md.
 */
import { DecryptionError, plaintextLength } from "../../src/index.ts";
import { guessedTable } from "./guessed-table.ts";
import {
	endedBy,
	longestTerminator,
	proveFinal,
	proveParts,
} from "./part-proof.ts";
import { eachSize, mostParts, uniformTables } from "./part-sizes.ts";
import { recoveredTable } from "./recovered-table.ts";
import type { FoundObject } from "./sealing.ts";

export interface ObjectTable {
	/** Plaintext of the parts in order, without a terminator. */
	readonly lengths: readonly number[];
	/** Bytes of a terminator and its padding behind them; 0 where a part ends the object. */
	readonly tail: number;
	/** Whether the object proved it; else whoever reads all of it finds out, and nobody else. */
	readonly proven: boolean;
}

/** The object as the store has it now, and no other. */
export interface StoredObject {
	/** Bytes of ciphertext. */
	readonly size: number;
	/** How many parts the store says that it has; 1 where it says nothing of parts. */
	readonly count: number;
	/** Bytes of one part; undefined where the store tells the parts of no object. @param part from 1 */
	partSize(part: number): Promise<number | undefined>;
	/** Ciphertext from `start` up to `end`, exclusive. */
	fetch(start: number, end: number): Promise<Buffer>;
}

export interface Proof {
	/**
	 * `each`: every length, before anything is answered by one. `whole`: of what a read of all parts proves as it goes, no
	 * more than the store's word is needed. `final`: how many parts there are, and no length but the last one's.
	 */
	readonly of: "each" | "whole" | "final";
	/** Parts that are looked at one by one. */
	readonly maxParts: number;
}

/** Of an object of one PUT: its record says it all. */
export function singleTable({ record }: FoundObject): ObjectTable | undefined {
	const { single } = record;
	if (single === undefined) return undefined;
	return { lengths: [single.plaintext], tail: 0, proven: true };
}

/** @throws DecryptionError where the object does not prove the table, SealgateError `policy-unsupported` past `maxParts` */
export async function tableFrom(
	found: FoundObject,
	stored: StoredObject,
	proof: Proof,
): Promise<ObjectTable> {
	const { count } = stored;
	if (count > mostParts) {
		throw new DecryptionError("answer-malformed", `an ETag of ${count} parts`);
	}
	if (count === 1) return onePart(found, stored);
	const guessed = await guessedTable(found, stored, proof);
	if (guessed !== undefined) return guessed;
	const first = await stored.partSize(1);
	if (first === undefined) return recoveredTable(found, stored);
	return (
		(await uniform(found, stored, first, proof)) ??
		partByPart(found, stored, proof)
	);
}

/** An ETag without a number of parts may be that of a copy, which lost it. */
async function onePart(
	found: FoundObject,
	stored: StoredObject,
): Promise<ObjectTable> {
	const { segmentBytes } = found.record.format;
	const length = plaintextLength(stored.size, segmentBytes);
	const one =
		length === undefined
			? undefined
			: await proofOf(() => endingIn(found, stored, [length], false));
	return one ?? recoveredTable(found, stored);
}

/** Clients make all parts but the last of one size: the first tells the table, where the object proves it. */
async function uniform(
	found: FoundObject,
	stored: StoredObject,
	first: number,
	proof: Proof,
): Promise<ObjectTable | undefined> {
	const { segmentBytes } = found.record.format;
	const { terminated, ended } = uniformTables(stored, first, segmentBytes);
	if (terminated !== undefined) {
		const table = await endedBy(found, stored, terminated, proof);
		if (table !== undefined) return table;
	}
	const finalOnly = proof.of === "final";
	const looks = finalOnly ? 1 : (ended?.length ?? 0);
	if (ended === undefined || looks > proof.maxParts) return undefined;
	return proofOf(() => endingIn(found, stored, ended, finalOnly));
}

async function partByPart(
	found: FoundObject,
	stored: StoredObject,
	proof: Proof,
): Promise<ObjectTable> {
	const { of, maxParts } = proof;
	const most = of === "each" ? maxParts : mostParts;
	const sizes = await eachSize(stored, most);
	const { segmentBytes } = found.record.format;
	const all = sizes.map((size) => plaintextLength(size, segmentBytes));
	if ((sizes.at(-1) as number) <= longestTerminator) {
		const parts = complete(all.slice(0, -1));
		const table = await endedBy(found, stored, parts, proof);
		if (table !== undefined) return table;
	}
	return endingIn(found, stored, complete(all), of !== "each");
}

/** The table of parts of which the last ends the object. @param finalOnly whether the others are not looked at */
async function endingIn(
	found: FoundObject,
	stored: StoredObject,
	lengths: readonly number[],
	finalOnly: boolean,
): Promise<ObjectTable> {
	if (finalOnly) await proveFinal(found, stored, lengths);
	else await proveParts(found, stored, lengths, true);
	return { lengths, tail: 0, proven: !finalOnly };
}

function complete(lengths: readonly (number | undefined)[]): number[] {
	return lengths.map((length) => {
		if (length !== undefined) return length;
		throw new DecryptionError("stream-malformed", "a part of no valid length");
	});
}

/** Undefined where the object refutes a guess of ours. */
async function proofOf<Proven>(
	prove: () => Promise<Proven>,
): Promise<Proven | undefined> {
	try {
		return await prove();
	} catch (error) {
		if (error instanceof DecryptionError) return undefined;
		throw error;
	}
}
