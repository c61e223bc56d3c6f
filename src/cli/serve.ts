import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plugins } from "../../plugins/index.ts";
import { loadConfig } from "../config/load.ts";
import { type Gateway, startGateway } from "../gateway.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { packageRoot } from "./package-root.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs until SIGTERM or SIGINT: the first drains, the second ends at once. SIGHUP reloads the configuration.
 * @param after runs when the gateway has closed
 * @returns the address it listens on
 */
export async function serve(
	file: string,
	environment: Environment = process.env,
	after: () => Promise<void> = async () => {},
): Promise<string> {
	const loaded = await loadConfig(file, environment, plugins);
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
	process.on("SIGHUP", () => void reload(gateway, file, environment, log));
	let stopping = false;
	const stop = (signal: string): void => {
		if (stopping) process.exit(1);
		stopping = true;
		log.event("info", "draining", { signal });
		void gateway
			.close()
			.then(after)
			.then(() => log.event("info", "stopped"));
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
	return gateway.address;
}

/** A bad file leaves the old configuration in force. */
async function reload(
	gateway: Gateway,
	file: string,
	environment: Environment,
	log: Log,
): Promise<void> {
	try {
		await gateway.reload(() => loadConfig(file, environment, plugins));
		log.event("info", "reloaded");
	} catch (error) {
		log.event("error", "the old configuration stays in force", {
			reason: (error as Error).message,
		});
	}
}

function version(): string {
	const file = join(packageRoot(), "package.json");
	return JSON.parse(readFileSync(file, "utf8")).version;
}
