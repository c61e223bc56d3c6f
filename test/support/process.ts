/** The commands as a user runs them: real processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export function startCommand(...args: string[]): ChildProcess {
	return spawn(process.execPath, ["src/main.ts", ...args], {
		cwd: root,
		stdio: ["ignore", "pipe", "pipe"],
	});
}

export interface Line {
	readonly [field: string]: string;
}

/** A gateway in a process of its own, and what it logs. */
export function serve(file: string) {
	const child = startCommand("serve", "--config", file);
	const closed = new Promise<number | null>((resolve) =>
		child.on("close", resolve),
	);
	const lines: Line[] = [];
	const waiting: (() => void)[] = [];
	let rest = "";
	child.stdout?.on("data", (chunk: Buffer) => {
		const parts = `${rest}${chunk}`.split("\n");
		rest = parts.pop() ?? "";
		for (const line of parts.map((text) => JSON.parse(text) as Line)) {
			lines.push(line);
			for (const look of waiting) look();
		}
	});
	/** The line of that number with this message. */
	const until = (message: string, count = 1) =>
		new Promise<Line>((found) => {
			const look = (): void => {
				const line = lines.filter(({ msg }) => msg === message)[count - 1];
				if (line !== undefined) found(line);
			};
			waiting.push(look);
			look();
		});
	return { child, closed, lines, until };
}
