/** What the last runs of the matrix found: docs/interop.json, a line for each client at each store in each mode. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { MatrixOperation } from "./client.ts";

/** In the words of the tables; `lacks`: the client has no such operation. */
export type Outcome = "pass" | "refused" | "fails" | "store" | "lacks";

export interface Cell {
	readonly outcome: Outcome;
	/** Of all but `pass`: the rule, what happened and whose fault it is, or why the client cannot. */
	readonly note?: string;
}

export type Cells = Readonly<Partial<Record<MatrixOperation, Cell>>>;

/** One run of a client at a store in a mode. */
export interface Row {
	readonly client: string;
	readonly clientVersion: string;
	readonly store: string;
	readonly storeVersion: string;
	/** `straight`, or a mode of Sealgate. */
	readonly mode: string;
	readonly sealgate: string;
	/** yyyy-mm-dd */
	readonly date: string;
	readonly cells: Cells;
}

const place = (name: string) =>
	fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));
export const recordFile = place("interop.json");
export const tableFile = place("interop.md");

export function readRecord(): readonly Row[] {
	return JSON.parse(readFileSync(recordFile, "utf8"));
}

export function writeRecord(rows: readonly Row[]): void {
	const lines = rows.map((row) => `\t${JSON.stringify(row)}`);
	writeFileSync(recordFile, `[\n${lines.join(",\n")}\n]\n`);
}

export const sameRow = (a: Row, b: Row): boolean =>
	a.client === b.client && a.store === b.store && a.mode === b.mode;

/** The newer rows in the place of their older runs. */
export function merged(
	older: readonly Row[],
	newer: readonly Row[],
): readonly Row[] {
	const kept = older.filter((row) => !newer.some((one) => sameRow(one, row)));
	const order = (row: Row) =>
		`${row.client}\n${row.store}\n${row.mode === "straight" ? "" : row.mode}`;
	return [...kept, ...newer].toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
}

/**
 * @returns a line for each cell of the run whose outcome is another than the record's, and for each that fails where
 * the record has none
 */
export function disagreements(
	record: readonly Row[],
	run: readonly Row[],
): readonly string[] {
	return run.flatMap((row) => {
		const known = record.find((one) => sameRow(one, row));
		return Object.entries(row.cells).flatMap(([operation, cell]) => {
			const before = known?.cells[operation as MatrixOperation]?.outcome;
			const fine =
				before === undefined
					? cell.outcome !== "fails"
					: cell.outcome === before;
			if (fine) return [];
			return [
				`${row.client}, ${row.store}, ${row.mode}, ${operation}: ${cell.outcome} (${cell.note ?? ""}), and the record says ${before ?? "nothing"}`,
			];
		});
	});
}
