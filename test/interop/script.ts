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

/** The part of the matrix that is quick enough: it fails where a cell is another than docs/interop.json says. */
export function matrix(): void {
	const { status } = spawnSync(
		process.execPath,
		[join(root, "test/interop/matrix/run.ts"), "--subset"],
		{ stdio: ["ignore", "inherit", "inherit"], timeout: 1_800_000 },
	);
	report("matrix", status === 0, "its subset agrees with docs/interop.json");
}
