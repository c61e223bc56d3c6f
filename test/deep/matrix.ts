/** The whole matrix of clients and stores, in a process of its own: it installs what it runs, and writes its own tables. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Check } from "./slow-connections.ts";

const program = fileURLToPath(
	new URL("../interop/matrix/run.ts", import.meta.url),
);

export function matrix(): {
	title: string;
	text: string;
	found: readonly Check[];
} {
	const { status } = spawnSync(process.execPath, [program, "--write"], {
		stdio: "inherit",
	});
	return {
		title: "Interop matrix",
		text: "What each cell came to is in [interop.md](interop.md).",
		found: [{ ok: status === 0, what: "the interop matrix ran to its end" }],
	};
}
