/** `npm run test:differential -- --seed N --steps N [--store NAME] [--most N] [--replay FILE]`. Prints what differs, and the counts last. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { describe, runDifferential } from "./differential.ts";
import { playEpisode } from "./episode.ts";
import { readExplained, Table } from "./explained.ts";
import { closeConnections } from "./send.ts";
import type { Step } from "./step.ts";
import { startPair, storeNames } from "./stores.ts";

const { values } = parseArgs({
	options: {
		seed: { type: "string", default: String(Date.now() % 1_000_000) },
		steps: { type: "string", default: "1500" },
		store: { type: "string", default: "embedded" },
		most: { type: "string", default: "3" },
		replay: { type: "string" },
	},
});
const store = storeNames.find((name) => name === values.store);
const [seed, steps, most] = [values.seed, values.steps, values.most].map(
	Number,
);
if (store === undefined || !Number.isInteger(seed) || !(Number(steps) > 0)) {
	console.error(
		`--store is one of ${storeNames}; --seed and --steps are numbers`,
	);
	process.exit(2);
}

/** A step a line, as a run prints them. */
function readSteps(file: string): readonly Step[] {
	const lines = readFileSync(file, "utf8").split("\n");
	return lines
		.filter((line) => line.trim() !== "")
		.map((line) => JSON.parse(line));
}

const running = await startPair(store);
const explained = readExplained();
const started = performance.now();
try {
	if (values.replay === undefined) {
		const outcome = await runDifferential({
			...{ pair: running.pair, store, explained, tell: console.log },
			...{ seed: Number(seed), steps: Number(steps), most: Number(most) },
		});
		for (const row of outcome.table.rows)
			if (!outcome.table.needed.has(row))
				console.log(`never needed: ${row.what}`);
		for (const [row, count] of outcome.table.needed)
			console.log(`${String(count).padStart(7)}  ${row.what}`);
		const seconds = ((performance.now() - started) / 1_000).toFixed(0);
		console.log(
			`${store}, seed ${seed}: ${outcome.sent} steps of ${outcome.names.size} kinds in ${seconds} s, ${outcome.found.length} unexplained differences`,
		);
		process.exitCode = outcome.found.length > 0 ? 1 : 0;
	} else {
		const shortest = readSteps(values.replay);
		const table = new Table(explained, store);
		const { failure } = await playEpisode(shortest, running.pair, table);
		if (failure) console.log(describe({ seed: 0, shortest, failure }));
		else console.log(`no difference in ${shortest.length} steps`);
		process.exitCode = failure ? 1 : 0;
	}
} finally {
	closeConnections();
	await running.close();
}
