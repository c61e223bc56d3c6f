/**
 * Keeps V8's young generation at 1 MiB, in a process that moves bodies.
 *
 * The bytes of bodies lie outside V8's heap, and only their small wrappers inside. A young generation of up to 16 MiB
 * fills so slowly with wrappers that the memory behind them passes V8's limit first, and V8 answers with one full
 * collection after the other. Scavenges of 1 MiB come often, cost little, and find the dead wrappers.
 * 128 MiB through envelope: GET 4.0 CPU-s/GiB without, 1.9 with; PUT 5.7 and 2.1; not in every run (docs/performance.md).
 *
 * V8 reads the size before any code runs, so that the process begins anew: same process id, same open files.
 * `v8.setFlagsFromString` comes too late: the young generation grows all the same.
 */

const option = "--max-semi-space-size";

/** Does not return where it begins the process anew; returns where the size is set already, or cannot be. */
export function startWithSmallYoungGeneration(): void {
	const { execve, execPath, execArgv, argv, env } = process;
	const set = [...execArgv, env.NODE_OPTIONS ?? ""].join(" ").includes(option);
	if (set || execve === undefined || process.platform === "win32") return;
	execve.call(process, execPath, [
		execPath,
		`${option}=1`,
		...execArgv,
		...argv.slice(1),
	]);
}
