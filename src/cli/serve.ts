import { readFileSync } from "node:fs";
import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";

/** Runs until SIGTERM or SIGINT: the first drains, the second ends at once. SIGHUP reloads the configuration. */
export async function serve(file: string): Promise<void> {
	const loaded = await loadConfig(file, process.env, plugins);
	const { logLevel, objectKeys } = loaded.config.telemetry;
	const log = createLog({ level: logLevel, objectKeys });
	const gateway = await startGateway(loaded, {
		log,
		metrics: (inFlight) => createMetrics(version(), inFlight),
	});
	log.event("info", "listening", {
		address: gateway.address,
		admin: gateway.adminAddress,
	});
	process.on("SIGHUP", () => void reload(gateway, file, log));
	let stopping = false;
	const stop = (signal: string): void => {
		if (stopping) process.exit(1);
		stopping = true;
		log.event("info", "draining", { signal });
		void gateway.close().then(() => log.event("info", "stopped"));
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
}

/** A bad file leaves the old configuration in force. */
async function reload(gateway: Gateway, file: string, log: Log): Promise<void> {
	try {
		await gateway.reload(await loadConfig(file, process.env, plugins));
		log.event("info", "reloaded");
	} catch (error) {
		log.event("error", "the old configuration stays in force", {
			reason: (error as Error).message,
		});
	}
}

function version(): string {
	for (const up of ["../../package.json", "../../../package.json"]) {
		try {
			return JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"))
				.version;
		} catch {
			// Built, the file lies one folder further up.
		}
	}
	return "unknown";
}
