/** pyarrow's S3 file system: the AWS SDK for C++. */
import { join } from "node:path";
import type { MatrixClient } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const version = "26.0.1";
let python = "";
const none = "a file system has none";

export const pyarrow: MatrixClient = {
	name: "pyarrow",
	async install() {
		const cache = install("venv", "venv-pyarrow", `pyarrow==${version}`);
		python = join(cache, "venv-pyarrow/bin/python");
		return version;
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
		() => [python, join(programs, "pyarrow_fs.py")],
	),
	lacks: {
		"resumed uploads": "a broken stream is written anew",
		presigned: none,
		"conditional writes": none,
		checksums: "no choice: CRC64NVME trailers go with every body",
		tags: none,
		versions: none,
	},
};
