/** Stock clients through a real gateway to real stores. Prints a line a check, and the count last. */
import {
	type ChildProcess,
	execFileSync,
	spawn,
	spawnSync,
} from "node:child_process";
import { randomBytes } from "node:crypto";
import {
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
	CreateBucketCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	S3Client,
} from "@aws-sdk/client-s3";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = execFileSync(join(root, "scripts/interop/install.sh"), {
	encoding: "utf8",
	stdio: ["ignore", "pipe", "inherit"],
}).trim();
const folder = mkdtempSync(join(tmpdir(), "sealgate-interop-"));
const processes: ChildProcess[] = [];
const store = { access: "STOREACCESSKEY", secret: "store-secret-key" };
const app = { access: "APPACCESSKEY", secret: "app-secret-key" };
let passed = 0;
let failed = 0;

/** The tests' own settings and nobody else's: a stray proxy or CA would decide the outcome. */
function cleanEnvironment(
	extra: Record<string, string>,
): Record<string, string> {
	const kept = Object.entries(process.env).filter(
		([name]) =>
			!/^(AWS_|SSL_|CURL_|REQUESTS_|https?_proxy|all_proxy|NODE_EXTRA)/i.test(
				name,
			),
	);
	return {
		...(Object.fromEntries(kept) as Record<string, string>),
		AWS_EC2_METADATA_DISABLED: "true",
		...extra,
	};
}

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** Starts a server and waits, for 30 seconds at most, until it accepts connections. */
async function start(
	name: string,
	command: string,
	args: string[],
	port: number,
	extra: Record<string, string> = {},
): Promise<void> {
	const log = openSync(join(folder, `${name}.log`), "w");
	const child = spawn(command, args, {
		cwd: root,
		env: cleanEnvironment(extra),
		stdio: ["ignore", log, log],
	});
	processes.push(child);
	const deadline = Date.now() + 30_000;
	for (;;) {
		if (child.exitCode !== null || Date.now() > deadline)
			throw new Error(
				`${name} did not start:\n${readFileSync(join(folder, `${name}.log`), "utf8")}`,
			);
		const open = await new Promise<boolean>((resolve) => {
			const socket = connect(port, "127.0.0.1", () =>
				resolve(socket.end() !== undefined),
			);
			socket.on("error", () => setTimeout(() => resolve(false), 50));
		});
		if (open) return;
	}
}

async function startGateway(
	name: string,
	storePort: number,
	mode: "verify" | "trust",
	policies: string,
): Promise<string> {
	const port = await freePort();
	const file = join(folder, `${name}.yaml`);
	const clients =
		mode === "verify"
			? `clients: [{ name: app, accessKeyId: ${app.access}, secretAccessKey: ${app.secret} }]`
			: "";
	writeFileSync(
		file,
		`listen: 127.0.0.1:${port}
authentication: ${mode}
${clients}
upstreams: [{ name: store, endpoint: "http://127.0.0.1:${storePort}", credentials: { accessKeyId: ${store.access}, secretAccessKey: ${store.secret} } }]
routes: [{ name: all, match: {}, upstream: store, policies: [${policies}] }]
`,
	);
	await start(
		name,
		process.execPath,
		["src/main.ts", "serve", "--config", file],
		port,
	);
	return `http://127.0.0.1:${port}`;
}

function report(group: string, ok: boolean, what: string): void {
	if (ok) passed += 1;
	else failed += 1;
	console.log(`${ok ? "ok" : "not ok"} ${group}: ${what}`);
}

function boto3(
	group: string,
	endpoint: string,
	bucket: string,
	trust: boolean,
): void {
	const run = spawnSync(
		join(cache, "venv/bin/python"),
		[
			join(root, "test/interop/boto3_suite.py"),
			endpoint,
			bucket,
			app.access,
			app.secret,
		],
		{
			encoding: "utf8",
			env: cleanEnvironment(trust ? { SEALGATE_TRUST: "1" } : {}),
			timeout: 120_000,
		},
	);
	const lines = run.stdout
		.split("\n")
		.filter((line) => /^(not )?ok /.test(line));
	for (const line of lines)
		report(
			`${group} boto3`,
			line.startsWith("ok "),
			line.replace(/^(not )?ok /, ""),
		);
	if (lines.length === 0)
		report(`${group} boto3`, false, run.stderr.slice(-2_000));
}

function cli(group: string, endpoint: string, bucket: string): void {
	const local = join(folder, `cli-${randomBytes(4).toString("hex")}`);
	mkdirSync(join(local, "up"), { recursive: true });
	const content = randomBytes(9 * 1024 * 1024);
	writeFileSync(join(local, "up/large"), content);
	writeFileSync(join(local, "up/small"), "hello");
	const aws = (...args: string[]): string =>
		execFileSync(
			join(cache, "venv/bin/aws"),
			["--endpoint-url", endpoint, "--region", "us-east-1", ...args],
			{
				encoding: "utf8",
				env: cleanEnvironment({
					AWS_ACCESS_KEY_ID: app.access,
					AWS_SECRET_ACCESS_KEY: app.secret,
				}),
				stdio: ["ignore", "pipe", "pipe"],
				timeout: 120_000,
			},
		);
	const steps: [string, () => boolean][] = [
		[
			"s3 sync up",
			() => aws("s3", "sync", `${local}/up`, `s3://${bucket}/cli/`) !== "",
		],
		[
			"s3 ls",
			() => /large[\s\S]*small/.test(aws("s3", "ls", `s3://${bucket}/cli/`)),
		],
		[
			"s3 cp down",
			() =>
				aws("s3", "cp", `s3://${bucket}/cli/large`, `${local}/down`) !== "" &&
				readFileSync(`${local}/down`).equals(content),
		],
		[
			"s3 mv",
			() =>
				aws(
					"s3",
					"mv",
					`s3://${bucket}/cli/small`,
					`s3://${bucket}/cli/moved`,
				) !== "",
		],
		[
			"s3api head-object",
			() =>
				/"ContentLength": 5/.test(
					aws("s3api", "head-object", "--bucket", bucket, "--key", "cli/moved"),
				),
		],
		[
			"s3 rm --recursive",
			() => aws("s3", "rm", "--recursive", `s3://${bucket}/cli/`) !== "",
		],
	];
	for (const [name, step] of steps) {
		try {
			report(`${group} aws cli`, step(), name);
		} catch (error) {
			report(
				`${group} aws cli`,
				false,
				`${name}: ${(error as Error).message.slice(0, 500)}`,
			);
		}
	}
}

function direct(port: number): S3Client {
	return new S3Client({
		endpoint: `http://127.0.0.1:${port}`,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: { accessKeyId: store.access, secretAccessKey: store.secret },
	});
}

async function versitygw(): Promise<void> {
	const port = await freePort();
	const data = join(folder, "versitygw");
	mkdirSync(data);
	await start(
		"versitygw",
		join(cache, "versitygw"),
		[
			"--port",
			`127.0.0.1:${port}`,
			"--access",
			store.access,
			"--secret",
			store.secret,
			"--region",
			"us-east-1",
			"--quiet",
			"posix",
			data,
		],
		port,
	);
	await direct(port).send(new CreateBucketCommand({ Bucket: "plain" }));
	for (const mode of ["verify", "trust"] as const) {
		const endpoint = await startGateway(`versitygw-${mode}`, port, mode, "");
		boto3(`versitygw ${mode}`, endpoint, "plain", mode === "trust");
		cli(`versitygw ${mode}`, endpoint, "plain");
	}
}

/** What matters: MinIO itself, asked without the gateway, says that every object is under its key. */
async function minio(): Promise<void> {
	const port = await freePort();
	const data = join(folder, "minio");
	mkdirSync(data);
	await start(
		"minio",
		join(cache, "minio"),
		[
			"server",
			"--address",
			`127.0.0.1:${port}`,
			"--console-address",
			`127.0.0.1:${await freePort()}`,
			"--certs-dir",
			join(folder, "certs"),
			data,
		],
		port,
		{
			MINIO_ROOT_USER: store.access,
			MINIO_ROOT_PASSWORD: store.secret,
			MINIO_BROWSER: "off",
			MINIO_UPDATE: "off",
			MINIO_KMS_SECRET_KEY: `my-key:${Buffer.alloc(32, 7).toString("base64")}`,
		},
	);
	const client = direct(port);
	await client.send(new CreateBucketCommand({ Bucket: "sealed" }));
	for (const mode of ["verify", "trust"] as const) {
		const endpoint = await startGateway(
			`minio-${mode}`,
			port,
			mode,
			"{ sse-kms: { mode: override, keyId: my-key } }",
		);
		boto3(`minio sse-kms ${mode}`, endpoint, "sealed", mode === "trust");
		cli(`minio sse-kms ${mode}`, endpoint, "sealed");
	}
	const { Contents = [] } = await client.send(
		new ListObjectsV2Command({ Bucket: "sealed" }),
	);
	report(
		"minio sse-kms",
		Contents.length > 5,
		`${Contents.length} objects to ask for`,
	);
	for (const { Key = "" } of Contents) {
		const head = await client.send(
			new HeadObjectCommand({ Bucket: "sealed", Key }),
		);
		report(
			"minio sse-kms",
			head.ServerSideEncryption === "aws:kms" &&
				head.SSEKMSKeyId === "arn:aws:kms:my-key",
			`${Key} is ${head.ServerSideEncryption} ${head.SSEKMSKeyId}`,
		);
	}
}

try {
	await versitygw();
	await minio();
} catch (error) {
	report("interop", false, (error as Error).stack ?? String(error));
} finally {
	for (const child of processes) child.kill("SIGKILL");
	if (failed > 0) {
		for (const name of ["versitygw-verify", "minio-verify", "minio"]) {
			try {
				console.log(
					`--- ${name}\n${readFileSync(join(folder, `${name}.log`), "utf8").slice(-4_000)}`,
				);
			} catch {
				console.log(`--- ${name}: no log`);
			}
		}
	}
	rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
