/** Clients that are programs: each operation is one run, told of the place by its environment, and fails by its exit status. */
import { execFile, execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cleanEnvironment, root } from "../harness.ts";
import type { MatrixOperation, Place } from "./client.ts";

const run = promisify(execFile);

export const programs = fileURLToPath(new URL("programs", import.meta.url));

/**
 * One step of scripts/interop/steps.sh.
 *
 * @returns the folder of the cache
 */
export function install(...step: readonly string[]): string {
	return execFileSync(join(root, "scripts/interop/step.sh"), step, {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	}).trim();
}

/** What programs read of a place, beside the variables that every SDK knows. */
export function environmentOf(place: Place): Record<string, string> {
	return cleanEnvironment({
		AWS_ACCESS_KEY_ID: place.accessKeyId,
		AWS_SECRET_ACCESS_KEY: place.secretAccessKey,
		AWS_REGION: place.region,
		AWS_DEFAULT_REGION: place.region,
		PYTHONDONTWRITEBYTECODE: "1",
		MATRIX_ENDPOINT: place.endpoint,
		MATRIX_BUCKET: place.bucket,
		MATRIX_SCRATCH: place.scratch,
		...(place.caFile === undefined
			? {}
			: {
					AWS_CA_BUNDLE: place.caFile,
					SSL_CERT_FILE: place.caFile,
					CURL_CA_BUNDLE: place.caFile,
					NODE_EXTRA_CA_CERTS: place.caFile,
				}),
	});
}

/**
 * For two minutes at most.
 *
 * @returns what it printed
 * @throws Error with what it wrote on stderr
 */
export async function runProgram(
	place: Place,
	command: string,
	args: readonly string[],
	extra: Readonly<Record<string, string>> = {},
): Promise<string> {
	const { stdout } = await run(command, args, {
		cwd: place.scratch,
		env: { ...environmentOf(place), ...extra },
		maxBuffer: 16 * 1024 ** 2,
		timeout: 120_000,
	});
	return stdout;
}

/** The same command for each operation, which its last argument names. */
export function byArgument(
	operations: readonly MatrixOperation[],
	command: (place: Place) => readonly [string, ...string[]],
) {
	return Object.fromEntries(
		operations.map((operation) => [
			operation,
			async (place: Place) => {
				const [program, ...args] = command(place);
				await runProgram(place, program, [...args, operation]);
			},
		]),
	);
}
