/** A run that is killed at random writes and started again, until it is done: what the store saw, and what is readable. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { startCareless } from "./careless-store.ts";
import { Bucket, startWorld } from "./setup.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface Kills {
	readonly command: "rewrap" | "encrypt";
	readonly kills: number;
	readonly objects: number;
	readonly seed: number;
}

export interface Seen {
	/** How often the process was in fact killed. */
	readonly killed: number;
	/** Of the last run. */
	readonly status: number | null;
	readonly report: string;
	/** Objects that the store took another number of times than once. */
	readonly notOnce: readonly string[];
	/** Objects that do not read as they were written. */
	readonly unreadable: readonly string[];
	/** Objects that are not as the run should leave them. */
	readonly undone: readonly string[];
}

export async function killAndResume(
	t: { teardown(work: () => unknown): void },
	{ command, kills, objects, seed }: Kills,
): Promise<Seen> {
	const random = generator(seed);
	const taken = new Map<string, number>();
	let reached = (): void => {};
	const world = await startWorld(t, {
		async between(honest) {
			const careless = await startCareless(honest);
			t.teardown(() => careless.close());
			const note = (path: string): boolean => /\/k\/\d+$/.test(path);
			careless.before = async (_kind, path) => {
				if (note(path) && random() < 0.5) reached();
			};
			careless.after = (_kind, path, status) => {
				if (!note(path) || status !== 200) return;
				taken.set(path, (taken.get(path) ?? 0) + 1);
				reached();
			};
			return careless.endpoint;
		},
	});
	const keys = Array.from({ length: objects }, (_, index) => `k/${index}`);
	const to = command === "rewrap" ? world.client : world.store;
	for (const Key of keys)
		await to.send(new PutObjectCommand({ Bucket, Key, Body: `of ${Key}` }));
	if (command === "rewrap") await world.rotate("alias/photos");
	taken.clear();
	const args = [
		...[command, `s3://${Bucket}/k/`, "--config", "config.yaml", "--json"],
		...["--checkpoint", "at", "--parallel", "4"],
		...(command === "rewrap" ? ["--to", "alias/photos"] : []),
	];
	let killed = 0;
	for (;;) {
		let left =
			killed < kills
				? 1 + Math.floor(random() * ((1.2 * objects) / (kills + 1)))
				: Number.POSITIVE_INFINITY;
		const child = spawn(process.execPath, [main, ...args], {
			cwd: world.folder,
			stdio: ["ignore", "pipe", "ignore"],
		});
		reached = () => {
			left -= 1;
			if (left <= 0) child.kill("SIGKILL");
		};
		let report = "";
		child.stdout.on("data", (chunk: Buffer) => (report += chunk));
		const status = await new Promise<number | null>((resolve) =>
			child.on("close", resolve),
		);
		if (child.signalCode === "SIGKILL") {
			killed += 1;
			continue;
		}
		const unreadable = [];
		const undone = [];
		for (const key of keys) {
			if ((await world.read(key)) !== `of ${key}`) unreadable.push(key);
			const version = (await world.recordOf(key))?.version;
			if (version !== (command === "rewrap" ? 2 : 1)) undone.push(key);
		}
		const notOnce = keys.filter((key) => taken.get(`/${Bucket}/${key}`) !== 1);
		return { killed, status, report, notOnce, unreadable, undone };
	}
}

/** Mulberry32: the same numbers for a seed. */
function generator(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
