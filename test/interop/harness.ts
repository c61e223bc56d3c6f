/** Processes of one interop run: started on loopback, with the tests' own environment, and ended all at once. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** What scripts/interop/install.sh installed. */
export const installed = execFileSync(
	join(root, "scripts/interop/install.sh"),
	{ encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
).trim();
/** Everything that the run writes, logs among it. */
export const folder = mkdtempSync(join(tmpdir(), "sealgate-interop-"));

const processes: ChildProcess[] = [];
const started: string[] = [];
let passed = 0;
let failed = 0;

export function report(group: string, ok: boolean, what: string): void {
	if (ok) passed += 1;
	else failed += 1;
	console.log(`${ok ? "ok" : "not ok"} ${group}: ${what}`);
}

/**
 * Runs a step and reports it; what it throws is its failure.
 *
 * @returns whether it passed
 */
export async function check(
	group: string,
	what: string,
	step: () => unknown,
): Promise<boolean> {
	try {
		const passes = (await step()) !== false;
		report(group, passes, what);
		return passes;
	} catch (error) {
		report(group, false, `${what}: ${(error as Error).message.slice(0, 800)}`);
		return false;
	}
}

const parts: string[] = [];

/** Runs a part of the run and notes how long it took. */
export async function part<T>(
	name: string,
	work: () => T | Promise<T>,
): Promise<T> {
	const started = performance.now();
	try {
		return await work();
	} finally {
		const seconds = (performance.now() - started) / 1_000;
		parts.push(`${seconds.toFixed(1).padStart(7)} s  ${name}`);
	}
}

/** The tests' own settings and nobody else's: a stray proxy or CA would decide the outcome. */
export function cleanEnvironment(
	extra: Readonly<Record<string, string>>,
): Record<string, string> {
	const kept = Object.entries(process.env).filter(
		([name]) =>
			!/^(AWS_|SSL_|CURL_|REQUESTS_|https?_proxy|all_proxy|NODE_EXTRA)/i.test(
				name,
			),
	);
	return {
		...(Object.fromEntries(kept) as Record<string, string>),
		AWS_EC2_METADATA_DISABLED: "true",
		...extra,
	};
}

export async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

function accepts(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1", () =>
			resolve(socket.end() !== undefined),
		);
		socket.on("error", () => setTimeout(() => resolve(false), 50));
	});
}

/** Starts a server and waits, for 60 seconds at most, until it accepts connections. */
export async function start(
	name: string,
	command: string,
	args: readonly string[],
	port: number | undefined,
	extra: Readonly<Record<string, string>> = {},
): Promise<void> {
	const file = join(folder, `${name}.log`);
	const log = openSync(file, "w");
	const child = spawn(command, args, {
		cwd: root,
		env: cleanEnvironment(extra),
		stdio: ["ignore", log, log],
	});
	processes.push(child);
	started.push(name);
	if (port === undefined) return;
	const deadline = Date.now() + 60_000;
	for (;;) {
		if (child.exitCode !== null || Date.now() > deadline)
			throw new Error(`${name} did not start:\n${readFileSync(file, "utf8")}`);
		if (await accepts(port)) return;
	}
}

/** Ends every process, shows the logs where something failed, and prints the count. */
export function finish(): void {
	for (const child of processes.reverse()) child.kill("SIGKILL");
	for (const name of failed > 0 ? started : []) {
		const text = readFileSync(join(folder, `${name}.log`), "utf8");
		console.log(`--- ${name}\n${text.slice(-3_000)}`);
	}
	rmSync(folder, { recursive: true, force: true });
	for (const line of parts) console.log(line);
	console.log(
		`${(performance.now() / 1_000).toFixed(1).padStart(7)} s  in all`,
	);
	console.log(`${passed} passed, ${failed} failed`);
	process.exitCode = failed > 0 ? 1 : 0;
}
