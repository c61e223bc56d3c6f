/** The files of one configuration as they were at one moment: each process that reads it reads the same. */
import { readFileSync } from "node:fs";
import type { ReadFile } from "./load.ts";

/** Content by absolute path. It holds secrets. */
export type Sources = ReadonlyMap<string, Buffer>;

/** @returns a reader, and what it has read */
export function recordSources(): { readonly read: ReadFile; sources: Sources } {
	const sources = new Map<string, Buffer>();
	return {
		sources,
		read(path) {
			const content = readFileSync(path);
			sources.set(path, content);
			return content;
		},
	};
}

export function readFrom(sources: Sources): ReadFile {
	return (path) => {
		const content = sources.get(path);
		if (content !== undefined) return Buffer.from(content);
		throw Object.assign(new Error(`${path} was not there`), { code: "ENOENT" });
	};
}
