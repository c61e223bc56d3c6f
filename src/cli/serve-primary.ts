/** The process above the workers: it reads the configuration, has the admin port, and serves no request itself. */
import { plugins } from "../../plugins/index.ts";
import { createAdmin } from "../admin/admin.ts";
import { type Loaded, loadConfig } from "../config/load.ts";
import { redactConfig } from "../config/redact.ts";
import { recordSources, type Sources } from "../config/sources.ts";
import { listen, removeStale } from "../http/listen.ts";
import { explainWith } from "../rehearse.ts";
import type { Log } from "../telemetry/log.ts";
import { createPrimaryMetrics } from "../telemetry/primary-metrics.ts";
import { Pool } from "../workers/pool.ts";
import { readinessOf } from "../workers/readiness.ts";
import { workerCount } from "../workers/share.ts";
import type { Service } from "./service.ts";

/** Serves when the promise resolves. @throws Error with the sentence of a worker that cannot */
export async function startWorkers(
	file: string,
	environment: Readonly<Record<string, string | undefined>>,
	first: Loaded,
	sources: Sources,
	log: Log,
): Promise<Service> {
	let current = first;
	let draining = false;
	const workers = workerCount(first.config);
	const pool: Pool = new Pool(sources, {
		workers,
		environment,
		umask: await readySocket(first.config.listen),
		log,
		died: () => metrics.died(),
		gaveUp(error) {
			log.event("error", "the gateway ends", { reason: error.message });
			process.exitCode = 1;
			void close();
		},
	});
	const metrics = createPrimaryMetrics(() => pool.serving);
	await pool.start();
	const admin = createAdmin({
		ready: async () => readinessOf(workers, await pool.states(), draining),
		config: () => redactConfig(current),
		explain: (question) => explainWith(current, question),
		scrape: async (accept) => metrics.scrape(accept, await pool.snapshots()),
	});
	const shut = async (): Promise<void> => {
		draining = true;
		await pool.stop(current.config.limits.drain);
		admin.closeAllConnections();
		admin.close();
	};
	let closing: Promise<void> | undefined;
	const close = (): Promise<void> => {
		closing ??= shut();
		return closing;
	};
	const { admin: adminAt, socketMode } = first.config;
	const adminAddress =
		adminAt === undefined
			? undefined
			: await listen(admin, adminAt, socketMode).catch(async (error) => {
					await pool.stop(0);
					throw error;
				});
	return {
		address: pool.standing.address,
		adminAddress,
		async reload(found) {
			try {
				const { read, sources } = recordSources();
				const loaded = await loadConfig(file, environment, plugins, read);
				found(loaded.files);
				await pool.reload(sources);
				current = loaded;
			} catch (error) {
				metrics.reload(false);
				throw error;
			}
			metrics.reload(true);
		},
		keyFiles: () => pool.standing.keyFiles,
		reloadKeys: () => pool.reloadKeys(),
		close,
	};
}

/**
 * A Unix socket is bound by this process, and its permissions are given by a worker: nobody else connects in between.
 * @returns the mask that workers should have
 */
async function readySocket(address: string): Promise<number> {
	if (!address.startsWith("unix:")) return process.umask();
	await removeStale(address.slice("unix:".length));
	return process.umask(0o177);
}
