/** Writes a chained log: a record is durable when its promise resolves. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
	advance,
	type Chain,
	checkpointEntry,
	type LogEntry,
	lineOf,
	startChain,
} from "./chain.ts";
import { publicKeyText, signCheckpoint } from "./checkpoint.ts";
import { diskOf } from "./disk.ts";
import {
	checkpointFile,
	descriptionFile,
	type LogDescription,
	readDescription,
	segmentFile,
} from "./folder.ts";
import { rootOf } from "./merkle.ts";
import { recoverLog } from "./recover.ts";
import { openSegmentFile } from "./segment-file.ts";
import { claimLog } from "./sole-writer.ts";

export interface LogOptions {
	/** Name of the log, without white space or `+`; it stands in each checkpoint. */
	readonly origin: string;
	/** Ed25519. It is kept elsewhere than the log. */
	readonly signingKey: KeyObject;
	/** Lines from one checkpoint to the next at most. */
	readonly checkpointLines?: number;
	/** Milliseconds that a line waits for its checkpoint at most. */
	readonly checkpointAfter?: number;
	/** Bytes of a segment after which another begins. */
	readonly segmentBytes?: number;
	/** Told of each signed checkpoint once it is durable, to be kept elsewhere. */
	readonly exported?: (note: string) => void;
	readonly now?: () => Date;
}

export interface LogWriter {
	/**
	 * Resolves once the entry is on the disk.
	 * @throws Error where that cannot be said. The entry is kept in memory and written, marked `late`, when the disk takes it
	 */
	append<Entry extends LogEntry>(entry: Entry): Promise<void>;
	/** Signs what is there, and closes. */
	close(): Promise<void>;
}

interface Waiting {
	readonly entry: LogEntry;
	resolve(): void;
	reject(error: Error): void;
}

/** Entries that go to the disk together at most, and that wait for a failed disk at most. */
const mostTogether = 512;
const mostLate = 10_000;

/**
 * Opens the log of a folder, which is made where it is not there, and goes on where the last process stopped.
 * @throws Error where the folder holds a log of another name or key, or one that was altered, or another process writes it
 */
export async function openLog(
	folder: string,
	options: LogOptions,
): Promise<LogWriter> {
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const release = await claimLog(folder);
	try {
		return await writeLog(folder, options, release);
	} catch (error) {
		await release();
		throw error;
	}
}

/** @param release what keeps other writers away */
async function writeLog(
	folder: string,
	options: LogOptions,
	release: () => Promise<void>,
): Promise<LogWriter> {
	const { origin, signingKey, exported, now = () => new Date() } = options;
	const { checkpointLines = 256, checkpointAfter = 5_000 } = options;
	const { segmentBytes = 64 * 1024 * 1024 } = options;
	const time = (): string => now().toISOString();
	const description = await describe(folder, options, time());
	const publicKey = publicKeyText(createPublicKey(signingKey));
	const start = startChain(description);
	const standing = await recoverLog(folder, start, { origin, publicKey });
	const disk = diskOf(folder);
	const open = (first: number, size: number) =>
		openSegmentFile(join(folder, segmentFile(first)), size, disk);

	let chain = standing.chain;
	let file = await open(standing.segment?.first ?? 0, standing.bytes);
	/** Lines that a checkpoint covers, itself among them. */
	let signed = 0;
	let late: LogEntry[] = [];
	let dropped = 0;
	const waiting: Waiting[] = [];
	let working: Promise<void> | undefined;
	let timer: NodeJS.Timeout | undefined;

	/** All of the entries are durable, with a checkpoint after them where one is due, or nothing has changed. */
	async function write(
		entries: readonly LogEntry[],
		sign = false,
	): Promise<void> {
		if (!(await file.isInPlace())) await nextSegment();
		const draft = new Draft(chain);
		for (const entry of entries) draft.add(entry);
		const unsigned = draft.chain.size - signed;
		let note: string | undefined;
		if (unsigned >= checkpointLines || (sign && unsigned > 0)) {
			const { size, tree } = draft.chain;
			note = signCheckpoint({ origin, size, root: rootOf(tree) }, signingKey);
			draft.add(checkpointEntry(note));
		}
		if (draft.lines.length === 0) return;
		await file.write(Buffer.concat(draft.lines));
		chain = draft.chain;
		if (note === undefined) return;
		signed = chain.size;
		const path = join(folder, checkpointFile);
		await disk.within(() => replaceFile(path, note));
		exported?.(note);
	}

	/** Also where the segment, or all of the log, was taken away underneath: the chain goes on, and what is missing shows. */
	async function nextSegment(): Promise<void> {
		const before = file;
		file = await disk.within(
			async () => {
				await describe(folder, options, time());
				return open(chain.size, 0);
			},
			(late) => void late.close().catch(() => {}), // nothing was written to it
		);
		await disk.within(() => before.close());
	}

	async function writeBatch(entries: readonly LogEntry[]): Promise<void> {
		if (file.size >= segmentBytes) {
			await write([], true);
			await nextSegment();
		}
		while (late.length > 0 || dropped > 0) await writeLate();
		await write(entries);
	}

	/** A few at a time: while the disk takes none, each try is small. */
	async function writeLate(): Promise<void> {
		const some = late.slice(0, mostTogether);
		const lost =
			dropped === 0
				? []
				: [{ event: "log.lost", time: time(), records: dropped }];
		await write([...some.map((entry) => ({ ...entry, late: true })), ...lost]);
		late = late.slice(some.length);
		dropped = 0;
	}

	async function work(): Promise<void> {
		while (waiting.length > 0) {
			const batch = waiting.splice(0, mostTogether);
			const entries = batch.map(({ entry }) => entry);
			try {
				await writeBatch(entries);
				for (const { resolve } of batch) resolve();
			} catch (error) {
				const room = mostLate - late.length;
				late.push(...entries.slice(0, room));
				dropped += Math.max(0, entries.length - room);
				for (const { reject } of batch) reject(error as Error);
			}
		}
		working = undefined;
		if (chain.size > signed) timer ??= setTimeout(signLater, checkpointAfter);
	}

	function signLater(): void {
		timer = undefined;
		working = (working ?? Promise.resolve())
			.then(() => write([], true))
			.catch(() => {}) // whoever appends next meets the same disk, and is told
			.then(work);
	}

	function append<Entry extends LogEntry>(entry: Entry): Promise<void> {
		return new Promise((resolve, reject) => {
			waiting.push({ entry, resolve, reject });
			working ??= work();
		});
	}

	const { torn } = standing;
	const recovered = { event: "log.recovered", time: time(), ...torn };
	if (torn !== undefined) await append(recovered);
	await append({ event: "log.opened", time: time() });
	return {
		append,
		async close() {
			try {
				await append({ event: "log.closed", time: time() });
				await working;
				await write([], true);
			} finally {
				clearTimeout(timer);
				await file.close();
				await release();
			}
		},
	};
}

/** Lines that are to be written, and the chain after them. */
class Draft {
	readonly lines: Buffer[] = [];
	chain: Chain;

	constructor(chain: Chain) {
		this.chain = chain;
	}

	add(entry: LogEntry): void {
		const line = Buffer.from(`${lineOf(this.chain, entry)}\n`);
		this.lines.push(line);
		this.chain = advance(this.chain, line.subarray(0, -1));
	}
}

/** The bytes of `LOG.json`, written where there is none. */
async function describe(
	folder: string,
	{ origin, signingKey }: LogOptions,
	created: string,
): Promise<Buffer> {
	const publicKey = publicKeyText(createPublicKey(signingKey));
	const mine: LogDescription = {
		format: "sealgate-log/1",
		origin,
		publicKey,
		created,
	};
	await mkdir(folder, { recursive: true, mode: 0o700 });
	const found = await readDescription(folder).catch((error) => {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	});
	if (found === undefined) {
		const bytes = Buffer.from(`${JSON.stringify(mine)}\n`);
		await replaceFile(join(folder, descriptionFile), bytes);
		return bytes;
	}
	const { description, bytes } = found;
	if (description.origin === origin && description.publicKey === publicKey) {
		return bytes;
	}
	throw new Error(
		`${folder} holds the log "${description.origin}" of the key ${description.publicKey}. Name another folder, or the key that it was begun with`,
	);
}

/** Readers see the old content or the new, after a crash too. */
async function replaceFile(
	path: string,
	content: string | Uint8Array,
): Promise<void> {
	const draft = `${path}.draft`;
	await writeFile(draft, content, { mode: 0o600, flush: true });
	await rename(draft, path);
}
