/** minio-js. */
import { join } from "node:path";
import type { MatrixClient } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const version = "8.0.7";
let cache = "";

export const minioJs: MatrixClient = {
	name: "minio-js",
	async install() {
		cache = install("npm_packages", "npm-minio", `minio@${version}`);
		return version;
	},
	operations: byArgument(
		[
			"put",
			"get",
			"multipart",
			"ranges",
			"resumed uploads",
			"listings with sizes",
			"copy",
			"presigned",
			"tags",
			"versions",
			"delete",
		],
		() => [
			process.execPath,
			join(programs, "minio_client.mjs"),
			join(cache, "npm-minio"),
		],
	),
	lacks: {
		sync: "the SDK has no synchronisation",
		rename: "the SDK has no rename",
		"conditional writes": "it writes without conditions",
		checksums: "no choice: a hash of the body, or its MD5 over TLS",
	},
};
