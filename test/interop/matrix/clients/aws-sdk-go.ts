/** AWS SDK for Go v2. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { MatrixClient } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const source = join(programs, "go");
let binary = "";

export const awsSdkGo: MatrixClient = {
	name: "AWS SDK for Go v2",
	async install() {
		binary = join(install("go_program", "go-sdk", source), "go-sdk");
		const modules = readFileSync(join(source, "go.mod"), "utf8");
		return `s3 ${/service\/s3 v(\S+)/.exec(modules)?.[1]}`;
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
			"conditional writes",
			"checksums",
			"tags",
			"versions",
			"delete",
		],
		() => [binary],
	),
	lacks: {
		sync: "the SDK has no synchronisation",
		rename: "the SDK has no rename but RenameObject, for directory buckets",
	},
};
