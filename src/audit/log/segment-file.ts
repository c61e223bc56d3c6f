/** The file that a log writes to: what is written is on the disk when the promise resolves, or the file is as before. */
import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk } from "./disk.ts";

export interface SegmentFile {
	/** Bytes that are on the disk and count. */
	readonly size: number;
	/** Whether the file is still the one at its path, and as long as it was left. @throws Error where another process added to it */
	isInPlace(): Promise<boolean>;
	/** @throws Error where it cannot be said that all of it is on the disk; `size` is then what it was */
	write(content: Buffer): Promise<void>;
	close(): Promise<void>;
}

/** @param size bytes of the file that count; what lies behind them is cut off with the next write */
export async function openSegmentFile(
	path: string,
	size: number,
	disk: Disk,
): Promise<SegmentFile> {
	const { O_CREAT, O_RDWR } = constants;
	const handle = await open(path, O_RDWR | O_CREAT, 0o600);
	await syncFolder(dirname(path));
	let length = size;
	/** Whether the file is as long as it was left: no write of ours has failed since. */
	let clean = (await handle.stat()).size === size;

	async function put(content: Buffer): Promise<void> {
		if (!clean) await handle.truncate(length);
		clean = false;
		for (let done = 0; done < content.length; ) {
			const left = content.length - done;
			const { bytesWritten } = await handle.write(
				content,
				done,
				left,
				length + done,
			);
			done += bytesWritten;
		}
		await handle.datasync();
	}

	return {
		get size() {
			return length;
		},
		async isInPlace() {
			const { same, longer } = await disk.within(() =>
				lookAt(handle, path, length),
			);
			if (clean && longer) throw foreign(path);
			return same;
		},
		async write(content) {
			await disk.within(() => put(content));
			clean = true;
			length += content.length;
		},
		async close() {
			await handle.close();
		},
	};
}

async function lookAt(
	handle: FileHandle,
	path: string,
	size: number,
): Promise<{ same: boolean; longer: boolean }> {
	const [held, named] = await Promise.all([
		handle.stat(),
		stat(path).catch(() => undefined),
	]);
	const same =
		named?.ino === held.ino && named.dev === held.dev && held.size >= size;
	return { same, longer: held.size > size };
}

/** What it wrote follows from the same line as what would be written here. */
function foreign(path: string): Error {
	return new Error(
		`another process has written to ${path}. A log has one writer: end all but one, and start that one anew`,
	);
}

/** Makes a new name in a folder last. */
async function syncFolder(folder: string): Promise<void> {
	const handle = await open(folder, constants.O_RDONLY);
	try {
		await handle.sync();
	} finally {
		await handle.close();
	}
}
