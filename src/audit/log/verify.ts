/** Whether a log is as it was written: every line, their order, and the end that a checkpoint tells. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { unlessMissing } from "../../keys/private-file.ts";
import {
	advance,
	checkpointEntry,
	lineOf,
	type ReadEntry,
	readLine,
	startChain,
} from "./chain.ts";
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import {
	checkpointFile,
	descriptionFile,
	type LogDescription,
	linesOf,
	readDescription,
	segmentsOf,
} from "./folder.ts";
import { rootOf } from "./merkle.ts";

/** `tampered`: something differs from what was written. `missing`: lines that a checkpoint covers are not there. */
export interface LogFault {
	readonly kind: "tampered" | "missing";
	/** Name of the file. */
	readonly file: string;
	/** Line in the file, the first 1. */
	readonly line?: number;
	readonly what: string;
}

export interface Verdict {
	/** The first is where to look; what follows it may come of it. */
	readonly faults: readonly LogFault[];
	readonly description: LogDescription | undefined;
	/** Whether the key that signed was named by the caller, and not just by the log itself. */
	readonly pinned: boolean;
	/** Lines of the log. */
	readonly size: number;
	/** Lines that a signed checkpoint in the log covers. */
	readonly signed: number;
	/** Lines that a checkpoint of the caller's covers: the log is proven complete up to there. */
	readonly proven: number;
	/** Lines that a writer found unsigned as it started, and signed: their first, and the first behind them. */
	readonly found: readonly { readonly from: number; readonly to: number }[];
}

export interface VerifyOptions {
	/** Ed25519, 32 bytes in base64, from where the log's owner published it. */
	readonly publicKey?: string | undefined;
	/** Signed checkpoints that were kept elsewhere. */
	readonly checkpoints?: readonly string[];
	/** Told of each line that stands where it should. */
	readonly entry?: (entry: ReadEntry) => void;
}

/** @throws Error where what the log says of itself cannot be read */
export async function verifyLog(
	folder: string,
	{ publicKey, checkpoints = [], entry: tell }: VerifyOptions = {},
): Promise<Verdict> {
	const faults: LogFault[] = [];
	const described = await readDescription(folder).catch(unlessMissing);
	if (described === undefined) return nameless(publicKey !== undefined);
	const { bytes, description } = described;
	const { origin } = description;
	const key = publicKey ?? description.publicKey;
	if (key !== description.publicKey) {
		faults.push({
			kind: "tampered",
			file: "LOG.json",
			what: "the log names another key than the one given",
		});
	}
	const anchors = anchorsOf(checkpoints, origin, key, faults);
	let chain = startChain(bytes);
	let signed = 0;
	const notes = new Map<number, string>();
	/** By the first of them. */
	const found = new Map<number, number>();

	const check = (at: Checkpoint, file: string, line?: number): void => {
		if (at.root.equals(rootOf(chain.tree))) return;
		const what = `the lines before ${at.size} are not those that the checkpoint signed`;
		faults.push({ kind: "tampered", file, ...(line && { line }), what });
	};

	for (const segment of await segmentsOf(folder)) {
		let number = 0;
		if (segment.first !== chain.size) {
			const what = `begins with line ${segment.first} by its name, and ${chain.size} comes next`;
			faults.push({ kind: "missing", file: segment.name, what });
			return verdict();
		}
		for await (const line of linesOf(segment.path)) {
			number += 1;
			const at = { file: segment.name, line: number };
			const entry = line.whole ? readLine(chain, line.bytes) : "no-line-feed";
			if (typeof entry === "string") {
				faults.push({ kind: "tampered", ...at, what: sentences[entry] });
				return verdict();
			}
			if (entry.event === "log.checkpoint") {
				const note = readCheckpoint(String(entry.note), origin, key);
				const only = lineOf(chain, checkpointEntry(String(entry.note)));
				if (typeof note === "string") {
					faults.push({ kind: "tampered", ...at, what: sentences[note] });
				} else if (line.bytes.toString() !== only) {
					const what = "more than a checkpoint stands in its line";
					faults.push({ kind: "tampered", ...at, what });
				} else if (note.size !== chain.size) {
					const what = `signs ${note.size} lines where ${chain.size} precede it`;
					faults.push({ kind: "tampered", ...at, what });
				} else {
					check(note, at.file, number);
					signed = note.size + 1;
					notes.set(note.size, String(entry.note));
				}
			}
			if (entry.event === "log.opened" && signed < chain.size) {
				found.set(signed, chain.size);
			}
			tell?.(entry);
			chain = advance(chain, line.bytes);
			for (const anchor of anchors) {
				if (anchor.size === chain.size) check(anchor, "a given checkpoint");
			}
		}
	}
	await newestCheckpoint();
	for (const anchor of anchors) {
		if (anchor.size <= chain.size) continue;
		const what = `the log ends at ${chain.size}, and a given checkpoint covers ${anchor.size} lines`;
		faults.push({ kind: "missing", file: folder, what });
	}
	return verdict();

	/** The file beside the segments: it says what the log should at least hold. */
	async function newestCheckpoint(): Promise<void> {
		const file = checkpointFile;
		const note = await readFile(join(folder, file), "utf8").catch(() => "");
		if (note === "") {
			if (signed === 0) return;
			faults.push({ kind: "missing", file, what: "the file is not there" });
			return;
		}
		const read = readCheckpoint(note, origin, key);
		if (typeof read === "string") {
			faults.push({ kind: "tampered", file, what: sentences[read] });
		} else if (read.size >= chain.size) {
			const what = `it covers ${read.size} lines, and itself, where the log has ${chain.size}`;
			faults.push({ kind: "missing", file, what });
		} else if (notes.get(read.size) !== note) {
			const what = "the log holds no such checkpoint";
			faults.push({ kind: "tampered", file, what });
		}
	}

	function verdict(): Verdict {
		const proven =
			faults.length > 0 ? 0 : Math.max(0, ...anchors.map((a) => a.size));
		const pinned = publicKey !== undefined;
		const { size } = chain;
		const unsigned = [...found].map(([from, to]) => ({ from, to }));
		return {
			faults,
			description,
			pinned,
			size,
			signed,
			proven,
			found: unsigned,
		};
	}
}

function nameless(pinned: boolean): Verdict {
	const what = "the file is not there";
	return {
		faults: [{ kind: "missing", file: descriptionFile, what }],
		description: undefined,
		pinned,
		size: 0,
		signed: 0,
		proven: 0,
		found: [],
	};
}

function anchorsOf(
	notes: readonly string[],
	origin: string,
	key: string,
	faults: LogFault[],
): Checkpoint[] {
	return notes.flatMap((note) => {
		const read = readCheckpoint(note, origin, key);
		if (typeof read !== "string") return [read];
		faults.push({
			kind: "tampered",
			file: "a given checkpoint",
			what: sentences[read],
		});
		return [];
	});
}

const sentences = {
	"not-json": "the line is not a record",
	"wrong-sequence": "the line has another sequence number than its place",
	"broken-chain": "the line does not follow from the one before it",
	"no-line-feed": "the line has no end",
	malformed: "the checkpoint cannot be read",
	"other-log": "the checkpoint is of another log",
	"bad-signature": "the checkpoint is not signed by the log's key",
} as const;
