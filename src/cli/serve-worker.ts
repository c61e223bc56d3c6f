/** One of several processes that serve the same port, below a primary that says what to do. */
import { plugins } from "../../plugins/index.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { readFrom, type Sources } from "../config/sources.ts";
import { type Gateway, type Prepared, startGateway } from "../gateway.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { attend, type Standing } from "../workers/messages.ts";
import { shareOf, workerCount } from "../workers/share.ts";
import { startTraces } from "./start-traces.ts";
import { version } from "./version.ts";

/** Never returns: what serves here is the primary's, which ends this process or ends before it. */
export function work(file: string): Promise<never> {
	// A terminal or a service manager tells all processes of a group; only the primary acts on it.
	for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const)
		process.on(signal, () => {});
	let gateway: Gateway;
	let prepared: Prepared | undefined;
	const standing = (): Standing => ({
		address: gateway.address,
		keyFiles: gateway.keyFiles(),
	});
	attend({
		async start({ number, sources }) {
			gateway = await startOne(number, await loadShare(file, sources));
			return standing();
		},
		async prepare(sources) {
			prepared = await gateway.prepare(await loadShare(file, sources));
		},
		async take() {
			if (prepared === undefined) throw new Error("nothing is prepared");
			prepared.take();
			prepared = undefined;
			return standing();
		},
		async drop() {
			await prepared?.drop();
			prepared = undefined;
		},
		reloadKeys: () => gateway.reloadKeys(),
		state: async () => gateway.state(),
		metrics: () => gateway.snapshot(),
		stop: () => gateway.close(),
	});
	return new Promise(() => {});
}

async function loadShare(file: string, sources: Sources): Promise<Loaded> {
	const read = readFrom(sources);
	const loaded = await loadConfig(file, process.env, plugins, read);
	return shareOf(loaded, workerCount(loaded.config));
}

/** The first of them rotates keys: all see the keyring that it writes. */
async function startOne(number: number, loaded: Loaded): Promise<Gateway> {
	const { logLevel, objectKeys, traces } = loaded.config.telemetry;
	const log = createLog({ level: logLevel, objectKeys, worker: number });
	return await startGateway(
		loaded,
		{
			log,
			metrics: (inFlight) => createMetrics(version(), inFlight),
			...(traces && { traces: await startTraces(traces, log) }),
		},
		{ writer: `worker-${number}`, rotates: number === 1 },
	);
}
