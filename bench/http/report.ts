/** What a run found, as Markdown. */
import type { Figure, Result, Spread } from "./measure.ts";
import type { Unit } from "./rows.ts";

export interface Report {
	readonly time: string;
	readonly machine: Readonly<Record<string, string | number>>;
	readonly versions: Readonly<Record<string, string>>;
	/** What could not be had on the machine. */
	readonly missing: readonly string[];
	readonly rounds: number;
	readonly quick: boolean;
	readonly results: readonly Result[];
	/** Peak resident memory of each process, MiB. */
	readonly memory: Readonly<Record<string, number>>;
}

const units: Readonly<Record<Unit, string>> = {
	gib: "CPU-s/GiB",
	request: "CPU-ms a request",
	above: "CPU-ms a request",
};

export function markdown(report: Report): string {
	return [
		"# Results of `npm run bench`",
		"",
		`${report.time}, ${report.rounds} rounds${report.quick ? ", quick" : ""}. How it measures: bench/README.md.`,
		"",
		...facts({ ...report.machine, ...report.versions }),
		...report.missing.map(
			(name) => `\n${name} could not be had: its figures are missing.`,
		),
		...report.results.map(section),
		"",
		"## Peak memory of the processes, MiB",
		"",
		...facts(report.memory),
		"",
	].join("\n");
}

function facts(values: Readonly<Record<string, string | number>>): string[] {
	const lines = Object.entries(values).map(
		([name, value]) => `| ${name} | ${value} |`,
	);
	return ["| | |", "|---|---|", ...lines];
}

export function headline({ row, bar, unsettled, unit, load }: Result): string {
	const limit =
		bar === undefined ? "" : `, bar ${bar}${unit === "above" ? " ms" : ""}`;
	const state = unsettled ? ", unsettled" : "";
	return `${row}${limit}${state} (load ${load.toFixed(1)})`;
}

function section(result: Result): string {
	const over = result.unit === "above" ? "ms above nginx" : "over nginx";
	return [
		"",
		`## ${headline(result)}`,
		"",
		`| | ${units[result.unit]} | ${over} | MiB/s | requests/s | p50 ms | p99 ms |`,
		"|---|---|---|---|---|---|---|",
		...result.figures.map(line),
	].join("\n");
}

function line(figure: Figure): string {
	const { latency } = figure;
	return `| ${[
		figure.contender,
		spread(figure.cpu),
		figure.ratio === undefined ? "" : spread(figure.ratio),
		figure.mebibytesPerSecond.toFixed(0),
		figure.requestsPerSecond.toFixed(0),
		latency.p50.toFixed(2),
		latency.p99.toFixed(2),
	].join(" | ")} |`;
}

/** Median, then the least and the most. */
export function spread({ median, least, most }: Spread): string {
	const digits = median < 10 ? 2 : 1;
	const text = (value: number) => value.toFixed(digits);
	return `${text(median)} (${text(least)} to ${text(most)})`;
}
