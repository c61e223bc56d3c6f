/** Where plaintext goes: a file that appears when it is whole, or stdout as it comes. */
import { once } from "node:events";
import { link, open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Write } from "./ciphertext.ts";

export interface Output {
	readonly write: Write;
	/** The plaintext is whole. */
	done(): Promise<void>;
	/** It will never be. */
	failed(): Promise<void>;
}

/** @throws Error where the file is there already and `force` is not said: at `done`, with nothing overwritten */
export async function fileOutput(
	path: string,
	force: boolean,
): Promise<Output> {
	const draft = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
	const file = await open(draft, "wx", 0o600);
	return {
		async write(piece) {
			await file.writeFile(piece);
		},
		async done() {
			await file.sync();
			await file.close();
			if (force) return rename(draft, path);
			try {
				await link(draft, path);
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
				throw new Error(`${path} is there already; --force overwrites it`);
			} finally {
				await unlink(draft);
			}
		},
		async failed() {
			await file.close();
			await unlink(draft);
		},
	};
}

/** Authenticated segments as they come: what was written before a failure is true, and not all there is. */
export function stdoutOutput(): Output {
	return {
		async write(piece) {
			if (!process.stdout.write(piece)) await once(process.stdout, "drain");
		},
		async done() {},
		async failed() {},
	};
}
