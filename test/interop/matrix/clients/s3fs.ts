/** s3fs: a bucket mounted by FUSE. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { MatrixClient } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const none = "a file system has none";

export const s3fs: MatrixClient = {
	name: "s3fs",
	async install() {
		install("debian", "s3fs", "s3fs", "fuse");
		const printed = execFileSync("s3fs", ["--version"], { encoding: "utf8" });
		return /V(\d\S*)/.exec(printed)?.[1] ?? printed;
	},
	operations: byArgument(
		[
			"put",
			"get",
			"sync",
			"multipart",
			"ranges",
			"listings with sizes",
			"copy",
			"rename",
			"delete",
		],
		() => [process.execPath, join(programs, "s3fs.ts")],
	),
	lacks: {
		"resumed uploads": "a broken upload is begun anew",
		presigned: none,
		"conditional writes": none,
		checksums: "no choice: the hash of every body is in its signature",
		tags: none,
		versions: none,
	},
};
