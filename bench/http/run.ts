/** `npm run bench -- [--quick] [--json] [--rounds N] [--only TEXT] [--who NAME;NAME]`; method: bench/README.md. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chart } from "./chart.ts";
import { everyProcess } from "./contenders.ts";
import { installed } from "./installed.ts";
import { measure, type Result } from "./measure.ts";
import { makeBucket } from "./objects.ts";
import { endAll, inMemory, peakMemory, root, versionOf } from "./processes.ts";
import { headline, markdown, type Report, spread } from "./report.ts";
import { rows } from "./rows.ts";

const { values: options } = parseArgs({
	options: {
		quick: { type: "boolean", default: false },
		json: { type: "boolean", default: false },
		rounds: { type: "string" },
		only: { type: "string", default: "" },
		who: { type: "string", default: "" },
	},
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));

function missing(): string[] {
	return [
		...(installed.nginx === undefined ? ["nginx"] : []),
		...(installed.versitygw === undefined
			? ["versitygw (the embedded store stands in)"]
			: []),
		...(inMemory ? [] : ["a memory file system"]),
	];
}

/** The commit that was measured. */
function commit(): string {
	const git = (...args: string[]) =>
		execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
	try {
		const changed = git("status", "--porcelain", "src", "plugins") !== "";
		return `${git("rev-parse", "--short", "HEAD")}${changed ? " and changes" : ""}`;
	} catch {
		return "unknown";
	}
}

async function report(results: readonly Result[]): Promise<Report> {
	const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
	return {
		time: new Date().toISOString(),
		machine: {
			processor: `${cpus().length} x ${cpus()[0]?.model}`,
			memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
			system: `${process.platform} ${release()}`,
			load: (loadavg()[0] as number).toFixed(1),
		},
		versions: {
			sealgate: `${version}, ${commit()}`,
			node: process.version,
			nginx: installed.nginx ? versionOf(installed.nginx, ["-v"]) : "absent",
			versitygw: installed.versitygw
				? versionOf(installed.versitygw, ["--version"])
				: "absent",
		},
		missing: missing(),
		rounds,
		quick: options.quick,
		results,
		memory: Object.fromEntries(
			(await everyProcess()).map(({ name, pid }) => [name, peakMemory(pid)]),
		),
	};
}

/** Ratios of the median, by row and contender: for machines to read. */
function ratios({ results }: Report): unknown {
	return Object.fromEntries(
		results.map(({ row, bar, unsettled, load, figures }) => [
			row,
			{
				bar,
				unsettled,
				load,
				ratios: Object.fromEntries(
					figures.map(({ contender, ratio }) => [contender, ratio?.median]),
				),
			},
		]),
	);
}

function write(found: Report): void {
	const results = join(
		root,
		options.quick ? "bench/results/quick" : "bench/results",
	);
	const charts = join(results, "charts");
	rmSync(charts, { recursive: true, force: true });
	mkdirSync(charts, { recursive: true });
	writeFileSync(
		join(results, "results.json"),
		`${JSON.stringify(found, null, "\t")}\n`,
	);
	writeFileSync(join(results, "README.md"), markdown(found));
	for (const result of found.results) {
		const name = result.row.toLowerCase().replaceAll(/\W+/g, "-");
		writeFileSync(join(charts, `${name}.svg`), chart(result));
	}
}

function wanted(name: string): boolean {
	return options.who === "" || options.who.split(";").includes(name);
}

const tell = (text: string): void => {
	if (!options.json) console.log(text);
};

try {
	await makeBucket();
	const results: Result[] = [];
	for (const row of rows(options.quick)) {
		if (!row.name.includes(options.only)) continue;
		const result = await measure(
			{ ...row, contenders: row.contenders.filter(wanted) },
			rounds,
		);
		results.push(result);
		tell(headline(result));
		for (const { contender, cpu, ratio } of result.figures) {
			const over = ratio === undefined ? "" : `  ${spread(ratio)}`;
			tell(`  ${contender.padEnd(28)} ${spread(cpu).padEnd(24)}${over}`);
		}
	}
	const found = await report(results);
	if (options.json) console.log(JSON.stringify(ratios(found), null, 2));
	// A run of some rows is a look, and replaces no results.
	if (options.only + options.who === "") write(found);
} finally {
	endAll();
}
