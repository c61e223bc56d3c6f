/**
 * The files of one log.
 *
 * | File | Content |
 * |---|---|
 * | `LOG.json` | what the log says of itself; the chain begins with its bytes |
 * | `segment-N.jsonl` | lines from sequence number N on, 20 digits |
 * | `checkpoint` | the newest signed checkpoint |
 * | `torn-N` | bytes that a crash left behind line N-1, never acknowledged to anyone |
 */
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** What `LOG.json` says. */
export interface LogDescription {
	readonly format: "sealgate-log/1";
	readonly origin: string;
	/** Ed25519, 32 bytes in base64. */
	readonly publicKey: string;
	/** RFC 3339 in UTC. */
	readonly created: string;
}

export const descriptionFile = "LOG.json";
export const checkpointFile = "checkpoint";

export function segmentFile(first: number): string {
	return `segment-${String(first).padStart(20, "0")}.jsonl`;
}

export function isSegment(name: string): boolean {
	return /^segment-\d{20}\.jsonl$/.test(name);
}

export interface Segment {
	readonly name: string;
	readonly path: string;
	/** Sequence number of its first line, as its name says. */
	readonly first: number;
}

/** In the order of their lines. */
export async function segmentsOf(folder: string): Promise<Segment[]> {
	const names = await readdir(folder);
	return names
		.filter(isSegment)
		.sort()
		.map((name) => ({
			name,
			path: join(folder, name),
			first: Number(name.slice(8, 28)),
		}));
}

/** The bytes and what they say. @throws Error where they are not the description of a log */
export async function readDescription(
	folder: string,
): Promise<{ bytes: Buffer; description: LogDescription }> {
	const bytes = await readFile(join(folder, descriptionFile));
	const description = JSON.parse(bytes.toString("utf8")) as LogDescription;
	const { format, origin, publicKey } = description;
	if (format !== "sealgate-log/1") {
		throw new Error(`${descriptionFile} is not of format sealgate-log/1`);
	}
	if (typeof origin !== "string" || typeof publicKey !== "string") {
		throw new Error(`${descriptionFile} lacks origin or publicKey`);
	}
	return { bytes, description };
}

/** Longest line that is read, in bytes: what is longer is no line of ours. */
const longestLine = 1024 * 1024;

/** One line of a segment. `whole`: a line feed ends it. */
export interface Line {
	/** Without the line feed. */
	readonly bytes: Buffer;
	/** Bytes of the file before it. */
	readonly offset: number;
	readonly whole: boolean;
}

/** The lines of a file, one after the other, whatever its size. An overlong line is given in pieces, none of them whole. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
	const file = await open(path, "r");
	try {
		let rest: Buffer = Buffer.alloc(0);
		let offset = 0;
		const chunk = Buffer.alloc(256 * 1024);
		for (;;) {
			const { bytesRead } = await file.read(chunk, 0, chunk.length);
			if (bytesRead === 0) break;
			rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
			let start = 0;
			for (;;) {
				const end = rest.indexOf(10, start);
				if (end < 0) break;
				const bytes = rest.subarray(start, end);
				yield { bytes, offset: offset + start, whole: true };
				start = end + 1;
			}
			offset += start;
			rest = rest.subarray(start);
			if (rest.length > longestLine) {
				yield { bytes: rest, offset, whole: false };
				offset += rest.length;
				rest = Buffer.alloc(0);
			}
		}
		if (rest.length > 0) yield { bytes: rest, offset, whole: false };
	} finally {
		await file.close();
	}
}
