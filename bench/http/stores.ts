/** What stands behind the contenders: a real store on a memory file system, or a sink. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { installed } from "./installed.ts";
import { folder, freePort, type Running, start } from "./processes.ts";
import { storeKeys } from "./store-keys.ts";

/**
 * versitygw; where it is not installed, the embedded store, which is dearer but not measured. By default versitygw
 * closes each connection behind its answer, and the peers of docs/performance.md were measured so.
 * @param keeps whether it keeps them, as stores do
 */
export async function startStore(keeps: boolean): Promise<Running> {
	const port = await freePort();
	const data = join(folder, "store");
	mkdirSync(data, { recursive: true });
	const { accessKeyId, secretAccessKey } = storeKeys;
	if (installed.versitygw === undefined) {
		const script = join(import.meta.dirname, "embedded-store.ts");
		return start(
			"embedded store",
			process.execPath,
			[script, `${port}`, data],
			port,
		);
	}
	return start(
		keeps ? "versitygw, keeping" : "versitygw",
		installed.versitygw,
		[
			...["--port", `127.0.0.1:${port}`, "--region", "us-east-1", "--quiet"],
			...(keeps ? ["--keep-alive"] : []),
			...["--access", accessKeyId, "--secret", secretAccessKey],
			...["posix", data],
		],
		port,
	);
}

export async function startSink(): Promise<Running> {
	const port = await freePort();
	const script = join(import.meta.dirname, "sink.ts");
	return start("sink", process.execPath, [script, `${port}`], port);
}
