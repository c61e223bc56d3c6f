/** The logs below one folder: each process that records writes one of its own. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ReadEntry } from "./chain.ts";
import { descriptionFile, isSegment, linesOf, segmentsOf } from "./folder.ts";

/** The folder itself where it is a log, and those in it that are. @throws Error where there is none */
export async function logsIn(folder: string): Promise<string[]> {
	const names = await readdir(folder, { withFileTypes: true });
	const logs = isLog(names.map(({ name }) => name)) ? [folder] : [];
	for (const entry of names) {
		if (!entry.isDirectory()) continue;
		const path = join(folder, entry.name);
		if (isLog(await readdir(path))) logs.push(path);
	}
	if (logs.length > 0) return logs.sort();
	throw new Error(
		`${folder} holds no audit log: no ${descriptionFile} is in it or one folder below`,
	);
}

/** One that lost its description is one all the same: `verify` says so. */
function isLog(names: readonly string[]): boolean {
	return names.some((name) => name === descriptionFile || isSegment(name));
}

/** An entry as a search finds it: what it proves, only `verify` can tell. */
export interface FoundEntry {
	readonly log: string;
	readonly entry: ReadEntry;
}

/** Every entry of every log below the folder, log by log, in the order of writing. A line that is no record is left to `verify`. */
export async function* entriesIn(folder: string): AsyncGenerator<FoundEntry> {
	for (const log of await logsIn(folder)) {
		for (const segment of await segmentsOf(log)) {
			for await (const { bytes, whole } of linesOf(segment.path)) {
				const entry = whole ? parsed(bytes) : undefined;
				if (entry !== undefined) yield { log, entry };
			}
		}
	}
}

function parsed(bytes: Buffer): ReadEntry | undefined {
	try {
		const entry = JSON.parse(bytes.toString()) as ReadEntry | null;
		return typeof entry?.event === "string" ? entry : undefined;
	} catch {
		return undefined;
	}
}
