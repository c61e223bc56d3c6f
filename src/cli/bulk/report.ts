/** The report of a run, as table, JSON or CSV. Pure. */
import type { Checkpoint } from "../../bulk/checkpoint.ts";
import { sizeText } from "../../bulk/progress.ts";
import type { Count } from "../../bulk/tally.ts";

export type ReportFormat = "table" | "json" | "csv";

export function reportOf(
	{ run, done, counts, left, failed }: Checkpoint,
	format: ReportFormat,
): string {
	if (format === "json") {
		const rows = counts.map(({ group, ...rest }) => ({ ...group, ...rest }));
		const bare = failed.map(({ size: _, latest: __, ...named }) => named);
		return JSON.stringify({ ...run, done, counts: rows, left, failed: bare });
	}
	const columns = columnsOf(counts);
	const head = [...columns, "objects", "bytes"];
	const rows = counts.map(({ group, objects, bytes }) => ({
		group: columns.map((name) => group[name] ?? ""),
		objects,
		bytes,
	}));
	if (format === "csv") {
		const lines = rows.map(({ group, objects, bytes }) =>
			[...group, String(objects), String(bytes)].map(csvField).join(","),
		);
		return [head.join(","), ...lines].join("\n");
	}
	const table = rows.map(({ group, objects, bytes }) => [
		...group.map((value) => value || "-"),
		String(objects),
		sizeText(bytes),
	]);
	const named = (what: string, of: readonly Checkpoint["left"][number][]) =>
		of.map(
			({ key, versionId, reason }) =>
				`${what}  ${key}${versionId === undefined ? "" : ` (version ${versionId})`}: ${reason}`,
		);
	return [
		...aligned([head, ...table]),
		...named("left", left),
		...named("failed", failed),
		...(done ? [] : ["not finished: run it again to go on"]),
	].join("\n");
}

/** 0 where everything is done, 1 where something is left, failed or not looked at. */
export function statusOf({ done, left, failed }: Checkpoint): number {
	return done && left.length === 0 && failed.length === 0 ? 0 : 1;
}

function columnsOf(counts: readonly Count[]): string[] {
	return [...new Set(counts.flatMap(({ group }) => Object.keys(group)))];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
	const widths = (rows[0] ?? []).map((_, column) =>
		Math.max(...rows.map((row) => row[column]?.length ?? 0)),
	);
	return rows.map((row) =>
		row
			.map((value, column) => value.padEnd(widths[column] ?? 0))
			.join("  ")
			.trimEnd(),
	);
}

function csvField(value: string): string {
	return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
