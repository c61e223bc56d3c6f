/** The differences that are by design, or the store's own: explained.json, which docs/differences.md shows. */
import { readFileSync } from "node:fs";
import type { Unequal } from "./compare.ts";
import type { Step } from "./step.ts";

export interface Explained {
	readonly what: string;
	readonly why: string;
	/** Of the step's name; absent: any. */
	readonly steps?: string;
	/** Of the leaf's place. */
	readonly places: string;
	/** Of the value straight at the store, and of that through the gateway; absent: any, or none. */
	readonly direct?: string;
	readonly through?: string;
	/** By how much two numbers may differ. */
	readonly within?: number;
	/** Of the whole step as JSON. */
	readonly request?: string;
	/** Whether both sides refused, with one status. */
	readonly refused?: boolean;
	/** Whose differences from S3 they are; absent: by design, with any store. */
	readonly stores?: readonly string[];
}

export class Table {
	readonly rows: readonly Explained[];
	/** How often each row was needed. */
	readonly needed = new Map<Explained, number>();

	constructor(rows: readonly Explained[], store: string) {
		this.rows = rows.filter(({ stores }) => stores?.includes(store) ?? true);
	}

	/** @returns what no row explains. Where the status is explained, so is all that the answers hold. */
	unexplained(
		step: Step,
		found: readonly Unequal[],
		status: number,
	): readonly Unequal[] {
		const first = found.find(({ place }) => place === "status");
		if (first !== undefined)
			return this.#explains(step, first, false) ? [] : found;
		const refused = status >= 400;
		return found.filter((unequal) => !this.#explains(step, unequal, refused));
	}

	#explains(
		step: Step,
		{ place, direct = "", through = "" }: Unequal,
		refused: boolean,
	) {
		const request = JSON.stringify(step);
		const row = this.rows.find(
			(row) =>
				new RegExp(`^(${row.steps ?? ".*"})$`).test(step.name) &&
				new RegExp(row.places).test(place) &&
				new RegExp(row.direct ?? "").test(direct) &&
				new RegExp(row.through ?? "").test(through) &&
				new RegExp(row.request ?? "").test(request) &&
				(refused || row.refused !== true) &&
				!(
					Math.abs(Number(direct) - Number(through)) > (row.within ?? Infinity)
				),
		);
		if (row === undefined) return false;
		this.needed.set(row, (this.needed.get(row) ?? 0) + 1);
		return true;
	}
}

export function readExplained(): readonly Explained[] {
	const file = new URL("explained.json", import.meta.url);
	return JSON.parse(readFileSync(file, "utf8"));
}
