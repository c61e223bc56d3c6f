/** Tells when one of a set of files has become another. */
import { type StatWatcher, unwatchFile, watchFile } from "node:fs";

/** Milliseconds between two looks at a file. */
const interval = 1_000;

export interface Watch {
	/** Watches these files in place of those before. */
	files(files: readonly string[]): void;
	close(): void;
}

/**
 * Files are looked at again and again rather than subscribed to: a mounted Kubernetes secret changes by the swap of a
 * symbolic link above it, of which a subscription to the file hears nothing. Keeps no process alive.
 */
export function watchFiles(changed: () => void): Watch {
	let watched: readonly string[] = [];
	const close = (): void => {
		for (const file of watched) unwatchFile(file, changed);
	};
	return {
		files(files) {
			const before = new Set(watched);
			for (const file of files) {
				// One that is watched already keeps what was seen of it: a change meanwhile is not lost.
				if (!before.delete(file)) watch(file, changed);
			}
			for (const file of before) unwatchFile(file, changed);
			watched = [...new Set(files)];
		},
		close,
	};
}

function watch(file: string, changed: () => void): StatWatcher {
	return watchFile(file, { interval, persistent: false }, changed);
}
