import cluster from "node:cluster";
import { plugins } from "../../plugins/index.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { recordSources } from "../config/sources.ts";
import { startGateway } from "../gateway.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { workerCount } from "../workers/share.ts";
import { attend, type Service } from "./service.ts";
import { startTraces } from "./start-traces.ts";
import { version } from "./version.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Runs until SIGTERM or SIGINT, as `attend` says: a gateway in this process, or `workers` of them below it.
 * @param after runs when the gateway has closed
 * @returns the addresses it listens on
 */
export async function serve(
	file: string,
	environment: Environment = process.env,
	after: () => Promise<void> = async () => {},
): Promise<Pick<Service, "address" | "adminAddress">> {
	if (cluster.isWorker) {
		const { work } = await import("./serve-worker.ts");
		return work(file);
	}
	const { read, sources } = recordSources();
	const loaded = await loadConfig(file, environment, plugins, read);
	const { logLevel, objectKeys } = loaded.config.telemetry;
	const log = createLog({ level: logLevel, objectKeys });
	let service: Service;
	if (workerCount(loaded.config) > 1) {
		const { startWorkers } = await import("./serve-primary.ts");
		service = await startWorkers(file, environment, loaded, sources, log);
	} else service = await startAlone(file, environment, loaded, log);
	attend(service, loaded.files, log, after);
	return service;
}

async function startAlone(
	file: string,
	environment: Environment,
	loaded: Loaded,
	log: ReturnType<typeof createLog>,
): Promise<Service> {
	const { traces } = loaded.config.telemetry;
	const gateway = await startGateway(loaded, {
		log,
		metrics: (inFlight) => createMetrics(version(), inFlight),
		...(traces && { traces: await startTraces(traces, log) }),
	});
	return {
		...gateway,
		reload: (found) =>
			gateway.reload(async () => {
				const next = await loadConfig(file, environment, plugins);
				found(next.files);
				return next;
			}),
	};
}
