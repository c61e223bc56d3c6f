/**
 * One writer at a time, between processes: `PATH.lock` names its holder. A lock whose process is gone
 * is taken over; one from another host is not, for nobody here can tell.
 */
import * as fs from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { SealgateError } from "../errors.ts";
import { type Disk, unlessMissing } from "./private-file.ts";

/** Of this process; so the module must not be loaded in several threads of one. */
const held = new Set<string>();

/** @throws SealgateError `keyring-busy` */
export async function withFileLock<T>(
	path: string,
	act: () => Promise<T>,
	disk: Disk = fs,
): Promise<T> {
	const lock = `${resolve(path)}.lock`;
	if (held.has(lock)) throw busy(path, "this process");
	held.add(lock);
	try {
		await take(path, lock, disk);
		try {
			return await act();
		} finally {
			await disk.unlink(lock);
		}
	} finally {
		held.delete(lock);
	}
}

async function take(path: string, lock: string, disk: Disk): Promise<void> {
	if (await tryTake(lock, disk)) return;
	const holder = await readHolder(lock, disk);
	if (holder !== undefined && !isGone(holder)) throw busy(path, holder);
	if (holder !== undefined) await removeStale(lock, holder, disk);
	if (!(await tryTake(lock, disk))) throw busy(path, "another process");
}

/** Linked into place, so that a lock has its holder's name from its first moment. */
async function tryTake(lock: string, disk: Disk): Promise<boolean> {
	const holder = `${process.pid}@${hostname()}`;
	const draft = `${lock}.${holder}`;
	await disk.unlink(draft).catch(unlessMissing);
	const handle = await disk.open(draft, "wx", 0o600);
	try {
		await handle.writeFile(holder);
	} finally {
		await handle.close();
	}
	try {
		await disk.link(draft, lock);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw error;
	} finally {
		await disk.unlink(draft);
	}
}

/** `undefined` where the lock is gone meanwhile. */
async function readHolder(
	lock: string,
	disk: Disk,
): Promise<string | undefined> {
	let handle: fs.FileHandle;
	try {
		handle = await disk.open(lock, "r");
	} catch (error) {
		unlessMissing(error as NodeJS.ErrnoException);
		return undefined;
	}
	try {
		return (await handle.readFile()).toString();
	} finally {
		await handle.close();
	}
}

/** Of this host, and no longer running. Our own number on a lock that we do not hold is left from before a restart. */
function isGone(holder: string): boolean {
	const match = /^(\d+)@(.*)$/s.exec(holder);
	if (match === null || match[2] !== hostname()) return false;
	const pid = Number(match[1]);
	if (pid === process.pid) return true;
	try {
		process.kill(pid, 0);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "ESRCH";
	}
}

/** Moved aside first: of two processes that found it stale, one moves it and the other finds nothing. */
async function removeStale(
	lock: string,
	holder: string,
	disk: Disk,
): Promise<void> {
	const aside = `${lock}.${process.pid}.stale`;
	try {
		await disk.rename(lock, aside);
	} catch (error) {
		unlessMissing(error as NodeJS.ErrnoException);
		return;
	}
	const moved = await readHolder(aside, disk);
	// A new lock came in between: it goes back, unless yet another one has taken its place.
	if (moved !== holder) await disk.link(aside, lock).catch(() => {});
	await disk.unlink(aside);
}

function busy(path: string, holder: string): SealgateError {
	return new SealgateError(
		"keyring-busy",
		`${path} is being changed by ${holder}. Try again; if that process is gone, remove ${path}.lock.`,
	);
}
