/** Where a run is, in a file: another run of the same command goes on from there. */
import { z } from "zod";
import { readPrivateFile, replacePrivateFile } from "../keys/private-file.ts";

const mostBytes = 64 * 1024 * 1024;

const trouble = z.strictObject({
	key: z.string(),
	versionId: z.string().optional(),
	reason: z.string(),
});

const checkpoint = z.strictObject({
	version: z.literal(1),
	/** Everything that decides what the run does: a file of another run is refused. */
	run: z.record(z.string(), z.string()),
	/** Of the last item before which, and with which, all are settled; empty: none. */
	position: z.string(),
	done: z.boolean(),
	counts: z.array(
		z.strictObject({
			group: z.record(z.string(), z.string()),
			objects: z.number().int().nonnegative(),
			bytes: z.number().int().nonnegative(),
		}),
	),
	/** Not touched, for a reason that trying again does not change. */
	left: z.array(trouble),
	/** Tried in vain: the next run begins with them. */
	failed: z.array(trouble.extend({ size: z.number(), latest: z.boolean() })),
});

export type Checkpoint = z.output<typeof checkpoint>;
export type RunIdentity = Checkpoint["run"];

export function firstCheckpoint(run: RunIdentity): Checkpoint {
	return {
		version: 1,
		run,
		position: "",
		done: false,
		counts: [],
		left: [],
		failed: [],
	};
}

/**
 * @returns undefined where there is no file yet
 * @throws Error for one that is no checkpoint, or of another run
 */
export async function readCheckpoint(
	file: string,
	run: RunIdentity,
): Promise<Checkpoint | undefined> {
	let text: string;
	try {
		text = (await readPrivateFile(file, mostBytes)).toString("utf8");
	} catch (error) {
		if ((error as { code?: string }).code === "keyring-missing")
			return undefined;
		throw error;
	}
	const found = checkpoint.safeParse(parsed(text));
	if (!found.success) throw new Error(`${file} is no checkpoint of a run`);
	for (const name of new Set([
		...Object.keys(run),
		...Object.keys(found.data.run),
	])) {
		const [was, is] = [found.data.run[name], run[name]];
		if (was === is) continue;
		throw new Error(
			`${file} is of another run: ${name} was ${was ?? "absent"} and is ${is ?? "absent"}. Name another file.`,
		);
	}
	return found.data;
}

/** Whole or not at all: a crash leaves the one before. */
export function writeCheckpoint(
	file: string,
	checkpoint: Checkpoint,
): Promise<void> {
	return replacePrivateFile(file, `${JSON.stringify(checkpoint)}\n`);
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
