/** A script of its own that prints `ok WHAT` or `BAD WHAT` lines, as part of the run. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { report, root } from "./harness.ts";

export function script(name: string): void {
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[join(root, "test/interop", `${name}.ts`)],
		{ encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 900_000 },
	);
	const lines = stdout.split("\n").filter((line) => /^(ok|BAD) /.test(line));
	for (const line of lines)
		report(name, line.startsWith("ok"), line.replace(/^(ok|BAD) +/, ""));
	const good = status === 0 && lines.length > 0;
	report(name, good, good ? "ran to its end" : stderr.slice(-2_000));
}
