/** Garage: built by cargo, which takes more than half an hour the first time. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { folder, freePort, start } from "../harness.ts";
import type { RunningStore } from "../stores.ts";
import { install } from "./programs.ts";
import type { MatrixStore } from "./stores.ts";

const version = "2.5.0";
const binary = () => join(install("cargo_tool", "garage", version), "garage");
/** Its key ids have this form alone. */
const keys = {
	accessKeyId: `GK${"5ea1".repeat(6)}`,
	secretAccessKey: "5ea19a7e".repeat(8),
};

function configuration(rpc: number, api: number, admin: number): string {
	const at = join(folder, "garage");
	mkdirSync(at);
	const file = join(at, "garage.toml");
	writeFileSync(
		file,
		`metadata_dir = "${at}/meta"
data_dir = "${at}/data"
db_engine = "sqlite"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:${rpc}"
rpc_public_addr = "127.0.0.1:${rpc}"
rpc_secret = "${"0f".repeat(32)}"
[s3_api]
s3_region = "us-east-1"
api_bind_addr = "127.0.0.1:${api}"
root_domain = ".localhost"
[admin]
api_bind_addr = "127.0.0.1:${admin}"
`,
	);
	return file;
}

async function run(): Promise<RunningStore> {
	const api = await freePort();
	const file = configuration(await freePort(), api, await freePort());
	const command = binary();
	const garage = (...args: string[]) =>
		execFileSync(command, ["-c", file, ...args], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "pipe"],
			timeout: 60_000,
		}).trim();
	await start("garage", command, ["-c", file, "server"], api);
	const [node = ""] = garage("node", "id", "-q").split("@");
	garage("layout", "assign", "-z", "a", "-c", "10G", node);
	garage("layout", "apply", "--version", "1");
	const { accessKeyId, secretAccessKey } = keys;
	garage(
		"key",
		"import",
		"--yes",
		"-n",
		"matrix",
		accessKeyId,
		secretAccessKey,
	);
	garage("key", "allow", "--create-bucket", "matrix");
	const endpoint = `http://127.0.0.1:${api}`;
	return { name: "garage", endpoint, lacks: [], keys };
}

export const garage: MatrixStore = {
	name: "Garage",
	version,
	tls: false,
	ignoresKms: "ignores it",
	deep: "its build takes more than half an hour",
	install: binary,
	start: run,
};
