import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";
import { type Watch, watchFiles } from "../config/watch.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { Traces, TracesOptions } from "../telemetry/traces.ts";
import { version } from "./version.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs until SIGTERM or SIGINT: the first drains, the second ends at once. SIGHUP reloads the configuration, and so
 * does a change of the file or of a file that it names. Of a keyring that changes only the keys are read again.
 * @param after runs when the gateway has closed
 * @returns the addresses it listens on
 */
export async function serve(
	file: string,
	environment: Environment = process.env,
	after: () => Promise<void> = async () => {},
): Promise<Pick<Gateway, "address" | "adminAddress">> {
	const loaded = await loadConfig(file, environment, plugins);
	const { logLevel, objectKeys, traces } = loaded.config.telemetry;
	const log = createLog({ level: logLevel, objectKeys });
	const gateway = await startGateway(loaded, {
		log,
		metrics: (inFlight) => createMetrics(version(), inFlight),
		...(traces && { traces: await startTraces(traces, log) }),
	});
	log.event("info", "listening", {
		address: gateway.address,
		admin: gateway.adminAddress,
	});
	let reloads = Promise.resolve();
	// One after the other: each closes what the one before it made.
	const again = (): void => {
		reloads = reloads.then(async () => {
			await reload(gateway, file, environment, log, watch);
			keyWatch.files(gateway.keyFiles());
		});
	};
	const keysAgain = (): void => {
		reloads = reloads.then(async () => {
			await gateway.reloadKeys();
			log.event("info", "keyrings read again");
		});
	};
	const keyWatch = watchFiles(keysAgain);
	keyWatch.files(gateway.keyFiles());
	const watch = watchFiles(again);
	watch.files(loaded.files);
	process.on("SIGHUP", again);
	let stopping = false;
	const stop = (signal: string): void => {
		if (stopping) process.exit(1);
		stopping = true;
		watch.close();
		keyWatch.close();
		log.event("info", "draining", { signal });
		void gateway
			.close()
			.then(after)
			.then(() => log.event("info", "stopped"));
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
	return gateway;
}

/** A bad file leaves the old configuration in force. */
async function reload(
	gateway: Gateway,
	file: string,
	environment: Environment,
	log: Log,
	watch: Watch,
): Promise<void> {
	try {
		await gateway.reload(async () => {
			const loaded = await loadConfig(file, environment, plugins);
			watch.files(loaded.files);
			return loaded;
		});
		log.event("info", "reloaded");
	} catch (error) {
		log.event("error", "the old configuration stays in force", {
			reason: (error as Error).message,
		});
	}
}

/** Loaded only where it is wanted: OpenTelemetry is by far the largest of our libraries. */
async function startTraces(options: TracesOptions, log: Log): Promise<Traces> {
	const { createTraces } = await import("../telemetry/traces.ts");
	return createTraces(options, version(), log);
}

/** Of the package. */
