/** boto3: a current one, and Debian's old one as a legacy application has it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { MatrixClient, MatrixOperation } from "../client.ts";
import { byArgument, install, programs } from "../programs.ts";

const version = "1.44.5";
const debians = "/usr/bin/python3";
const program = join(programs, "boto3_client.py");
let python = "";

const operations: readonly MatrixOperation[] = [
	"put",
	"get",
	"multipart",
	"ranges",
	"resumed uploads",
	"listings with sizes",
	"copy",
	"presigned",
	"checksums",
	"tags",
	"versions",
	"delete",
];
const lacks = {
	sync: "the SDK has no synchronisation",
	rename: "the SDK has no rename but RenameObject, for directory buckets",
};

export const boto3: MatrixClient = {
	name: "boto3",
	async install() {
		const packages = `boto3==${version} awscli==1.46.3`;
		python = join(install("venv", "venv", packages), "venv/bin/python");
		return version;
	},
	operations: byArgument([...operations, "conditional writes"], () => [
		python,
		program,
	]),
	lacks,
};

export const boto3Old: MatrixClient = {
	name: "boto3 of Debian 12",
	async install() {
		install("debian_python", "boto3", "python3-boto3");
		return execFileSync(
			debians,
			["-c", "import boto3; print(boto3.__version__)"],
			{ encoding: "utf8" },
		).trim();
	},
	operations: byArgument(operations, () => [debians, program]),
	lacks: {
		...lacks,
		"conditional writes":
			"this version knows no IfMatch or IfNoneMatch of PutObject",
	},
};
