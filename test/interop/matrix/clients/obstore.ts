/** obstore: Rust's object_store, from Python. */
import { join } from "node:path";
import type { MatrixClient } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const version = "0.12.1";
let python = "";

export const obstore: MatrixClient = {
	name: "obstore",
	async install() {
		const cache = install("venv", "venv-obstore", `obstore==${version}`);
		python = join(cache, "venv-obstore/bin/python");
		return version;
	},
	operations: byArgument(
		[
			"put",
			"get",
			"multipart",
			"ranges",
			"listings with sizes",
			"copy",
			"rename",
			"presigned",
			"conditional writes",
			"checksums",
			"delete",
		],
		() => [python, join(programs, "object_store.py")],
	),
	lacks: {
		sync: "it has no synchronisation",
		"resumed uploads": "a broken upload is begun anew",
		tags: "it neither writes nor reads tags",
		versions: "it cannot switch versions on or list them",
	},
};
