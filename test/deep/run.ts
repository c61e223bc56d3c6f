/**
 * What takes minutes: 2,000 slow clients for a minute, 20,000 steps of the differential test, 8 GiB in bounded memory,
 * an object of 10,000 parts, the whole interop matrix. Writes docs/deep-report.md, and prints the count last. With names,
 * such as `differential`, only these parts run, and the report keeps what it says of the others.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { bulkKills } from "./bulk-kills.ts";
import { differential } from "./differential.ts";
import { matrix } from "./matrix.ts";
import { memory } from "./memory.ts";
import { type Check, slowConnections } from "./slow-connections.ts";
import { tenThousandParts } from "./ten-thousand-parts.ts";

const parts = {
	"bulk-kills": bulkKills,
	"slow-connections": slowConnections,
	differential,
	memory,
	"ten-thousand-parts": tenThousandParts,
	matrix,
};
const asked = process.argv.slice(2);
const file = fileURLToPath(
	new URL("../../docs/deep-report.md", import.meta.url),
);
/** By title, in the order of the report. */
const sections = new Map(
	readFileSync(file, "utf8")
		.split(/^## /m)
		.slice(1)
		.map((section): [string, string] => {
			const end = section.indexOf("\n");
			return [section.slice(0, end), section.slice(end).trim()];
		}),
);
const checks: Check[] = [];
for (const [name, run] of Object.entries(parts)) {
	if (asked.length > 0 && !asked.includes(name)) continue;
	const { title, text, found } = await run();
	const count = summary(found);
	const day = new Date().toISOString().slice(0, 10);
	sections.set(
		title,
		`On ${day}, Node ${process.versions.node}, ${availableParallelism()} cores: ${count}.\n\n${text}`,
	);
	checks.push(...found);
}
for (const { ok, what } of checks)
	console.log(`${ok ? "ok" : "not ok"} ${what}`);
writeFileSync(
	file,
	`# Deep tests: the last run

Written by \`npm run test:deep\`. Clients, store and gateway share the cores.

${[...sections].map(([title, text]) => `## ${title}\n\n${text}`).join("\n\n")}
`,
);
console.log(summary(checks));
process.exitCode = checks.some(({ ok }) => !ok) ? 1 : 0;

function summary(of: readonly Check[]): string {
	const failed = of.filter(({ ok }) => !ok).length;
	return `${of.length - failed} passed, ${failed} failed`;
}
