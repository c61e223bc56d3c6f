/** 20,000 random steps, straight at the embedded store and through an envelope route in front of it. */
import { type Outcome, runDifferential } from "../differential/differential.ts";
import { readExplained } from "../differential/explained.ts";
import { startPair } from "../differential/stores.ts";
import type { Check } from "./slow-connections.ts";

const seed = 20_261_125;
const steps = 20_000;

export async function differential() {
	const running = await startPair("embedded");
	const started = performance.now();
	try {
		const outcome = await runDifferential({
			...{ pair: running.pair, store: "embedded" as const, seed, steps },
			...{ explained: readExplained(), most: 5, tell: console.log },
		});
		const seconds = Math.round((performance.now() - started) / 1_000);
		return {
			title: "Differential test",
			text: textOf(outcome, seconds),
			found: checks(outcome),
		};
	} finally {
		await running.close();
	}
}

function checks({ sent, found, table }: Outcome): Check[] {
	const idle = table.rows.filter((row) => !table.needed.has(row));
	return [
		{ ok: sent >= steps, what: `${sent} steps were sent` },
		{ ok: found.length === 0, what: `${found.length} unexplained differences` },
		{
			ok: idle.length === 0,
			what: `${idle.length} rows of the table were never needed`,
		},
	];
}

function textOf({ sent, found, table, names }: Outcome, seconds: number) {
	const rows = [...table.needed].map(
		([{ what }, count]) => `| ${what} | ${count} |`,
	);
	return `\`npm run test:differential -- --seed ${seed} --steps ${steps}\`: ${sent} steps of ${names.size} kinds in ${seconds} s, ${found.length} unexplained differences. What was explained, by [docs/differences.md](differences.md):

| | Leaves of answers |
|---|---|
${rows.join("\n")}`;
}
