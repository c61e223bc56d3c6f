/** Where a log goes on after its process ended, in whatever way. */
import { createHash } from "node:crypto";
import { open, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing } from "../../keys/private-file.ts";
import {
	advance,
	type Chain,
	checkpointEntry,
	lineOf,
	type ReadEntry,
	readLine,
} from "./chain.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { checkpointFile, linesOf, type Segment, segmentsOf } from "./folder.ts";
import { rootOf } from "./merkle.ts";

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

/** Who signs the log's checkpoints. */
export interface Signer {
	readonly origin: string;
	/** Ed25519, 32 bytes in base64. */
	readonly publicKey: string;
}

/** Lines that can lie behind the last checkpoint: those of one write and those that waited for it. */
const mostUnsigned = 16_384;

/**
 * Reads the log and puts aside what does not follow from the lines of its last segment: such bytes were acknowledged to
 * no one. The chain alone has no secret: whoever owns the disk can write all of it anew, and have it signed with what
 * follows. So its checkpoints are verified.
 * @param start the chain before the first line of the log
 * @throws Error where a checkpoint is not the signer's or covers lines that are not there, or where too many lines have
 * none: then the log was altered, and is not written on
 */
export async function recoverLog(
	folder: string,
	start: Chain,
	signer: Signer,
): Promise<Standing> {
	const segments = await segmentsOf(folder);
	let chain = start;
	let bytes = 0;
	let broken: number | undefined;
	/** By the number of lines that each covers. */
	const notes = new Map<number, string>();
	let signed = 0;
	for (const segment of segments) {
		bytes = 0;
		for await (const line of linesOf(segment.path)) {
			const entry = line.whole ? readLine(chain, line.bytes) : "not-whole";
			if (typeof entry === "string") {
				broken = line.offset;
				break;
			}
			if (entry.event === "log.checkpoint") {
				const note = String(entry.note);
				if (!isSigned(chain, entry, line.bytes, signer)) {
					throw altered(segment.name, signed);
				}
				notes.set(chain.size, note);
				signed = chain.size + 1;
			}
			chain = advance(chain, line.bytes);
			if (chain.size - signed > mostUnsigned) {
				throw altered(segment.name, signed);
			}
			bytes = line.offset + line.bytes.length + 1;
		}
		if (broken !== undefined) {
			if (segment !== segments.at(-1)) throw altered(segment.name, chain.size);
			break;
		}
	}
	await newestIsOfLog(folder, notes, signed, signer);
	const segment = segments.at(-1);
	const torn =
		segment === undefined || broken === undefined
			? undefined
			: await putAside(folder, segment, broken, chain.size);
	return { chain, segment, bytes, torn };
}

/** That a line of the log is the signer's checkpoint of all lines before it, and nothing else. */
function isSigned(
	chain: Chain,
	{ note }: ReadEntry,
	line: Buffer,
	{ origin, publicKey }: Signer,
): boolean {
	const text = String(note);
	const read = readCheckpoint(text, origin, publicKey);
	return (
		typeof read !== "string" &&
		read.size === chain.size &&
		read.root.equals(rootOf(chain.tree)) &&
		line.toString() === lineOf(chain, checkpointEntry(text))
	);
}

/** The newest checkpoint is replaced after the lines that it covers, and its own, are on the disk: the log holds it. */
async function newestIsOfLog(
	folder: string,
	notes: ReadonlyMap<number, string>,
	signed: number,
	{ origin, publicKey }: Signer,
): Promise<void> {
	const note = await readFile(join(folder, checkpointFile), "utf8").catch(
		unlessMissing,
	);
	// Before its first replacement a crash leaves none.
	if (note === undefined && notes.size <= 1) return;
	const read = readCheckpoint(note ?? "", origin, publicKey);
	if (typeof read !== "string" && notes.get(read.size) === note) return;
	throw altered(checkpointFile, signed);
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
