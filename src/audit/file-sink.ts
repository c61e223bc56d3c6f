/** Audit records as JSON lines in a file: one after the other, in the order in which the requests ended. */
import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { AuditRecord, CommandRecord, KeyCommandRecord } from "./record.ts";

export interface AuditSink {
	/** Takes a record; it is written soon, and perhaps never: `lost` is told. */
	record(record: AuditRecord | CommandRecord | KeyCommandRecord): void;
	/** Resolves when what was taken is written, and on the disk. */
	close(): Promise<void>;
}

/** Bytes that may wait for a disk that does not keep up; what comes on top is lost, and counted. */
const mostWaiting = 16 * 1024 * 1024;

/**
 * Appends to `records.jsonl` in a directory, which is made where it is not there. Only the owner reads it.
 * @param lost told of each batch that could not be kept: how many records, and why
 * @throws Error where the file cannot be opened
 */
export async function openFileSink(
	directory: string,
	lost: (records: number, reason: Error) => void,
): Promise<AuditSink> {
	await mkdir(directory, { recursive: true, mode: 0o700 });
	const { O_APPEND, O_CREAT, O_WRONLY } = constants;
	const path = join(directory, "records.jsonl");
	const file = await open(path, O_APPEND | O_CREAT | O_WRONLY, 0o600);
	let waiting: string[] = [];
	let size = 0;
	let writing: Promise<void> | undefined;

	const write = async (): Promise<void> => {
		while (waiting.length > 0) {
			const batch = waiting;
			waiting = [];
			size = 0;
			try {
				await file.appendFile(batch.join(""));
			} catch (error) {
				lost(batch.length, error as Error);
			}
		}
		writing = undefined;
	};

	return {
		record(record) {
			const line = `${JSON.stringify(record)}\n`;
			if (size + line.length > mostWaiting) {
				lost(1, new Error("the disk does not keep up"));
				return;
			}
			waiting.push(line);
			size += line.length;
			writing ??= write();
		},
		async close() {
			await writing;
			await file.datasync();
			await file.close();
		},
	};
}
