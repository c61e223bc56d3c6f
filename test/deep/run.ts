/** What takes minutes: 2,000 slow clients for a minute. Writes docs/deep-report.md, and prints the count last. */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { type Check, slowConnections } from "./slow-connections.ts";

const checks: Check[] = [];
const sections: string[] = [];
for (const run of [slowConnections]) {
	const { title, text, found } = await run();
	sections.push(`## ${title}\n\n${text}`);
	checks.push(...found);
}
for (const { ok, what } of checks)
	console.log(`${ok ? "ok" : "not ok"} ${what}`);
const failed = checks.filter(({ ok }) => !ok).length;
const summary = `${checks.length - failed} passed, ${failed} failed`;
writeFileSync(
	fileURLToPath(new URL("../../docs/deep-report.md", import.meta.url)),
	`# Deep tests: the last run

Written by \`npm run test:deep\` on ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${availableParallelism()} cores that clients, store and gateway share. ${summary}.

${sections.join("\n\n")}
`,
);
console.log(summary);
process.exitCode = failed > 0 ? 1 : 0;
