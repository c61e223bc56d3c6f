/** The command line as a user runs it: a real process. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
/** The second process of a test starts in half of the time. */
const compiled = mkdtempSync(join(tmpdir(), "sealgate-compiled-"));
process.on("exit", () => rmSync(compiled, { recursive: true, force: true }));

export interface Ended {
	readonly status: number | null;
	readonly stdout: Buffer;
	/** Stdout as text. */
	readonly output: string;
	readonly stderr: string;
}

/** @param cwd relative names of files are of this folder */
export async function run(
	cwd: string,
	...args: readonly string[]
): Promise<Ended> {
	const child = spawn(process.execPath, [main, ...args], {
		cwd,
		env: { ...process.env, NODE_COMPILE_CACHE: compiled },
		stdio: ["ignore", "pipe", "pipe"],
	});
	const stdout: Buffer[] = [];
	let stderr = "";
	child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
	child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
	const status = await new Promise<number | null>((resolve) =>
		child.on("close", resolve),
	);
	const all = Buffer.concat(stdout);
	return { status, stdout: all, output: all.toString(), stderr };
}
