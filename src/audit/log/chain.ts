/** The chain that binds each line of a log to all before it. */
import { createHash } from "node:crypto";
import { append, emptyTree, leafHash, type MerkleTree } from "./merkle.ts";

/** What a record of the log says, beside its place in it. */
export interface LogEntry {
	/** What happened: a closed set of dotted names, docs/audit.md. */
	readonly event: string;
}

/** A record as it was read: what it says beside `event` is not checked. */
export interface ReadEntry extends LogEntry {
	/** Lines before it. */
	readonly seq: number;
	readonly [field: string]: unknown;
}

/** The log up to some line. A value. */
export interface Chain {
	/** Lines so far; the next line's `seq` is this. */
	readonly size: number;
	/** Hash that the next line carries as `prev`: 32 bytes. */
	readonly head: Buffer;
	readonly tree: MerkleTree;
}

/** The chain of a log without lines: it begins with what the log says of itself, the bytes of its `LOG.json`. */
export function startChain(description: Uint8Array): Chain {
	const head = createHash("sha256")
		.update("sealgate-log/1\n")
		.update(description)
		.digest();
	return { size: 0, head, tree: emptyTree };
}

/** @param line without its line feed */
export function advance(chain: Chain, line: Uint8Array): Chain {
	const leaf = leafHash(line);
	const head = createHash("sha256")
		.update("sealgate-log/1\n")
		.update(chain.head)
		.update(leaf)
		.digest();
	return { size: chain.size + 1, head, tree: append(chain.tree, leaf) };
}

/** The next line, without its line feed. `seq` and `prev` come first. */
export function lineOf(chain: Chain, entry: LogEntry): string {
	const prev = chain.head.toString("hex");
	return JSON.stringify({ seq: chain.size, prev, ...entry });
}

/** The entry of a signed checkpoint. Its line has nothing beside it: the last line of a log has no other that covers it. */
export function checkpointEntry(note: string): LogEntry & { note: string } {
	return { event: "log.checkpoint", note };
}

/** What is wrong with a line at this place in the chain. */
export type LineTrouble = "not-json" | "wrong-sequence" | "broken-chain";

/** The entry of a line that stands where the chain says, or what is wrong with it. */
export function readLine(
	chain: Chain,
	line: Uint8Array,
): ReadEntry | LineTrouble {
	let entry: unknown;
	try {
		entry = JSON.parse(
			new TextDecoder("utf-8", { fatal: true }).decode(line),
		) as unknown;
	} catch {
		return "not-json";
	}
	if (typeof entry !== "object" || entry === null) return "not-json";
	const { seq, prev, event } = entry as Record<string, unknown>;
	if (typeof event !== "string") return "not-json";
	if (seq !== chain.size) return "wrong-sequence";
	if (prev !== chain.head.toString("hex")) return "broken-chain";
	return entry as ReadEntry;
}
