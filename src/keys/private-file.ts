/** A file that only its owner can read, replaced whole or not at all, with whatever happens in between. */
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SealgateError } from "../errors.ts";

/** The calls that touch the disk; tests let them fail one by one. */
export type Disk = Pick<typeof fs, "open" | "rename" | "link" | "unlink">;

const groupAndOthers = 0o077;
/** What root gives a process to read, as Kubernetes gives a Secret by fsGroup, its group may read. */
const groupWriteAndOthers = 0o027;
const root = 0;

/**
 * @param longest in bytes
 * @throws SealgateError `keyring-missing`; `keyring-untrusted` where others could read or could have put it there
 */
export async function readPrivateFile(
	path: string,
	longest: number,
	disk: Disk = fs,
): Promise<Buffer> {
	const handle = await openPrivate(path, disk);
	try {
		const facts = await handle.stat();
		if (!facts.isFile()) throw untrusted(path, "is not a file");
		const own = facts.uid === process.geteuid?.();
		if (!own && facts.uid !== root) {
			throw untrusted(path, "belongs to another user");
		}
		if ((facts.mode & (own ? groupAndOthers : groupWriteAndOthers)) !== 0) {
			throw untrusted(path, "can be read by others; set its mode to 0600");
		}
		if (facts.size > longest) throw untrusted(path, "is too large");
		return await handle.readFile();
	} finally {
		await handle.close();
	}
}

/**
 * A file that is mounted for reading, as Kubernetes mounts a Secret, is changed where it comes from.
 * @throws SealgateError `keyring-untrusted` for a symbolic link
 */
export async function requireOwnFile(path: string): Promise<void> {
	const facts = await fs.lstat(path).catch(unlessMissing);
	if (facts?.isSymbolicLink() !== true) return;
	throw untrusted(
		path,
		"is a symbolic link, as in a mounted Secret: it can be used here, and is changed at its origin",
	);
}

/** @throws SealgateError `keyring-exists`: a file that is there is never overwritten by a new one */
export async function createPrivateFile(
	path: string,
	content: string,
	disk: Disk = fs,
): Promise<void> {
	const draft = await writeDraft(path, content, disk);
	try {
		await disk.link(draft, path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		throw new SealgateError(
			"keyring-exists",
			`${path} exists already. Name another file, or use the keyring that is there.`,
		);
	} finally {
		await disk.unlink(draft);
	}
	await syncFolder(path, disk);
}

/** Readers see the old content or the new, after a crash too. */
export async function replacePrivateFile(
	path: string,
	content: string,
	disk: Disk = fs,
): Promise<void> {
	const draft = await writeDraft(path, content, disk);
	try {
		await disk.rename(draft, path);
	} catch (error) {
		await disk.unlink(draft);
		throw error;
	}
	await syncFolder(path, disk);
}

async function openPrivate(path: string, disk: Disk): Promise<fs.FileHandle> {
	try {
		return await disk.open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "ELOOP" && (await isMounted(path))) {
			return await disk.open(path, constants.O_RDONLY);
		}
		if (code === "ENOENT") {
			throw new SealgateError("keyring-missing", `There is no ${path}.`);
		}
		if (code === "ELOOP") throw untrusted(path, "is a symbolic link");
		throw error;
	}
}

/** Whether a link in one folder leads to a file of the same folder's `..data`, as the kubelet lays out a Secret. */
async function isMounted(path: string): Promise<boolean> {
	const [target, folder] = await Promise.all([
		fs.realpath(path),
		fs.realpath(dirname(path)),
	]);
	const link = await fs.readlink(path);
	return (
		link === join("..data", basename(path)) && target.startsWith(`${folder}/`)
	);
}

/** Beside the file, so that a rename stays within one file system. */
async function writeDraft(
	path: string,
	content: string,
	disk: Disk,
): Promise<string> {
	const draft = join(dirname(path), `.${basename(path)}.${process.pid}.new`);
	await disk.unlink(draft).catch(unlessMissing);
	const handle = await disk.open(draft, "wx", 0o600);
	try {
		await handle.writeFile(content);
		await handle.sync();
	} finally {
		await handle.close();
	}
	return draft;
}

async function syncFolder(path: string, disk: Disk): Promise<void> {
	const folder = await disk.open(dirname(path), constants.O_RDONLY);
	try {
		await folder.sync();
	} finally {
		await folder.close();
	}
}

export function unlessMissing(error: NodeJS.ErrnoException): void {
	if (error.code !== "ENOENT") throw error;
}

function untrusted(path: string, why: string): SealgateError {
	return new SealgateError("keyring-untrusted", `${path} ${why}.`);
}
