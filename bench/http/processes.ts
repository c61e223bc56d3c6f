/** The processes of a bench: started on loopback, their CPU time read from the system, all of them ended at the end. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Objects lie in memory where the system has a file system for that. */
export const inMemory = existsSync("/dev/shm");
export const folder = mkdtempSync(
	join(inMemory ? "/dev/shm" : tmpdir(), "sealgate-bench-"),
);

export interface Running {
	readonly name: string;
	readonly pid: number;
	/** `host:port` */
	readonly address: string;
}

const children: ChildProcess[] = [];

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

/** Resolves when the port is served. @throws Error with the log of a process that did not come up in 60 seconds */
export async function start(
	name: string,
	command: string,
	args: readonly string[],
	port: number,
): Promise<Running> {
	const file = join(folder, `${name}.log`);
	const log = openSync(file, "w");
	const child = spawn(command, args, {
		cwd: root,
		stdio: ["ignore", log, log],
	});
	children.push(child);
	const deadline = Date.now() + 60_000;
	while (!(await accepts(port))) {
		if (child.exitCode !== null || Date.now() > deadline)
			throw new Error(`${name} did not start:\n${readFileSync(file, "utf8")}`);
	}
	return { name, pid: child.pid as number, address: `127.0.0.1:${port}` };
}

/** User and system time of a process, its ended threads left out, in seconds. Linux: `schedstat` counts nanoseconds. */
export function cpuSeconds(pid: number): number {
	const tasks = `/proc/${pid}/task`;
	let nanoseconds = 0;
	for (const task of readdirSync(tasks)) {
		const text = readFileSync(`${tasks}/${task}/schedstat`, "latin1");
		nanoseconds += Number(text.split(" ")[0]);
	}
	return nanoseconds / 1e9;
}

/** The most memory that a process ever had, in MiB. */
export function peakMemory(pid: number): number {
	const status = readFileSync(`/proc/${pid}/status`, "latin1");
	return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

export function versionOf(command: string, args: readonly string[]): string {
	try {
		// nginx writes its version to stderr.
		const line = `${command} ${args.join(" ")} 2>&1`;
		return execFileSync("sh", ["-c", line], { encoding: "utf8" })
			.trim()
			.split("\n")[0] as string;
	} catch {
		return "absent";
	}
}

export function endAll(): void {
	// A profile is written by a process that ends itself.
	const signal = process.env.BENCH_NODE_OPTIONS ? "SIGTERM" : "SIGKILL";
	for (const child of children.reverse()) child.kill(signal);
	rmSync(folder, { recursive: true, force: true });
}
