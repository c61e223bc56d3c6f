/** Where a log goes on after its process ended, in whatever way. */
import { createHash } from "node:crypto";
import { open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { advance, type Chain, readLine } from "./chain.ts";
import { checkpointFile, linesOf, type Segment, segmentsOf } from "./folder.ts";

/** The log as it stands: whole up to `chain`. */
export interface Standing {
	readonly chain: Chain;
	/** The segment that the next line belongs to; undefined where there is none yet. */
	readonly segment: Segment | undefined;
	/** Bytes of that segment. */
	readonly bytes: number;
	/** What a crash left behind the last whole line, and where it lies now. */
	readonly torn:
		| { readonly file: string; readonly bytes: number; readonly sha256: string }
		| undefined;
}

/**
 * Reads the last segment and puts aside what does not follow from its lines: such bytes were acknowledged to no one.
 * @param start the chain before the first line of the log
 * @throws Error where a signed checkpoint covers lines that are not there: then the log was altered, and is not written on
 */
export async function recoverLog(
	folder: string,
	start: Chain,
): Promise<Standing> {
	const segments = await segmentsOf(folder);
	let chain = start;
	let bytes = 0;
	let broken: number | undefined;
	for (const segment of segments) {
		bytes = 0;
		for await (const line of linesOf(segment.path)) {
			const good =
				line.whole && typeof readLine(chain, line.bytes) !== "string";
			if (!good) {
				broken = line.offset;
				break;
			}
			chain = advance(chain, line.bytes);
			bytes = line.offset + line.bytes.length + 1;
		}
		if (broken !== undefined) {
			if (segment !== segments.at(-1)) throw altered(segment.name, chain.size);
			break;
		}
	}
	await coversNoMore(folder, chain);
	const segment = segments.at(-1);
	const torn =
		segment === undefined || broken === undefined
			? undefined
			: await putAside(folder, segment, broken, chain.size);
	return { chain, segment, bytes, torn };
}

/** The newest checkpoint is replaced after the lines that it covers are on the disk: it can never cover more. */
async function coversNoMore(folder: string, chain: Chain): Promise<void> {
	const note = await readFile(join(folder, checkpointFile), "utf8").catch(
		() => undefined,
	);
	const size = Number(note?.split("\n")[1] ?? -1);
	if (size >= chain.size) throw altered(checkpointFile, chain.size);
}

function altered(file: string, size: number): Error {
	return new Error(
		`the audit log was altered: ${file} does not follow after line ${size}. Keep the folder as evidence, run "sealgate audit verify", and name another folder`,
	);
}

async function putAside(
	folder: string,
	segment: Segment,
	offset: number,
	size: number,
): Promise<NonNullable<Standing["torn"]>> {
	const content = (await readFile(segment.path)).subarray(offset);
	const sha256 = createHash("sha256").update(content).digest("hex");
	const file = `torn-${String(size).padStart(20, "0")}-${sha256.slice(0, 8)}`;
	await writeFile(join(folder, file), content, { mode: 0o600, flush: true });
	await truncate(segment.path, offset);
	const handle = await open(segment.path, "r+");
	await handle.datasync();
	await handle.close();
	return { file, bytes: content.length, sha256 };
}
