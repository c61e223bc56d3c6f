/** Stock clients with their default settings, pointed at a gateway. */
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificates } from "./certificates.ts";
import { appKeys, type RunningGateway } from "./gateway.ts";
import {
	check,
	cleanEnvironment,
	folder,
	installed,
	report,
	root,
} from "./harness.ts";

/** What clients are told: the keys, and the CA where they speak TLS. */
function environment(gateway: RunningGateway): Record<string, string> {
	return cleanEnvironment({
		AWS_ACCESS_KEY_ID: appKeys.accessKeyId,
		AWS_SECRET_ACCESS_KEY: appKeys.secretAccessKey,
		...(gateway.endpoint.startsWith("https:")
			? { AWS_CA_BUNDLE: certificates.ca }
			: {}),
	});
}

/** @param lacks where the store differs from S3: the suite expects that instead */
export function boto3(
	gateway: RunningGateway,
	bucket: string,
	lacks: readonly string[] = [],
): void {
	const group = `${gateway.name} boto3`;
	const { accessKeyId, secretAccessKey } = appKeys;
	const suite = join(root, "test/interop/boto3_suite.py");
	const run = spawnSync(
		join(installed, "venv/bin/python"),
		[suite, gateway.endpoint, bucket, accessKeyId, secretAccessKey],
		{
			encoding: "utf8",
			env: {
				...environment(gateway),
				SEALGATE_LACKS: lacks.join(","),
				...(gateway.trusts ? { SEALGATE_TRUST: "1" } : {}),
			},
			timeout: 180_000,
		},
	);
	const lines = run.stdout
		.split("\n")
		.filter((line) => /^(not )?ok /.test(line));
	for (const line of lines)
		report(group, line.startsWith("ok "), line.replace(/^(not )?ok /, ""));
	if (lines.length === 0) report(group, false, run.stderr.slice(-2_000));
}

export async function cli(
	gateway: RunningGateway,
	bucket: string,
): Promise<void> {
	const local = join(folder, `cli-${randomBytes(4).toString("hex")}`);
	mkdirSync(join(local, "up"), { recursive: true });
	const content = randomBytes(9 * 1024 * 1024);
	writeFileSync(join(local, "up/large"), content);
	writeFileSync(join(local, "up/small"), "hello");
	const aws = (...args: string[]): string =>
		execFileSync(
			join(installed, "venv/bin/aws"),
			["--endpoint-url", gateway.endpoint, "--region", "us-east-1", ...args],
			{
				encoding: "utf8",
				env: environment(gateway),
				stdio: ["ignore", "pipe", "pipe"],
				timeout: 120_000,
			},
		);
	const at = `s3://${bucket}/cli`;
	const steps: [string, () => boolean][] = [
		["s3 sync up", () => aws("s3", "sync", `${local}/up`, `${at}/`) !== ""],
		["s3 ls", () => /large[\s\S]*small/.test(aws("s3", "ls", `${at}/`))],
		[
			"s3 cp down",
			() =>
				aws("s3", "cp", `${at}/large`, `${local}/down`) !== "" &&
				readFileSync(`${local}/down`).equals(content),
		],
		["s3 mv", () => aws("s3", "mv", `${at}/small`, `${at}/moved`) !== ""],
		[
			"s3api head-object",
			() =>
				/"ContentLength": 5/.test(
					aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/moved"),
				),
		],
		[
			"s3 rm --recursive",
			() => aws("s3", "rm", "--recursive", `${at}/`) !== "",
		],
	];
	for (const [what, step] of steps)
		await check(`${gateway.name} aws cli`, what, step);
}
