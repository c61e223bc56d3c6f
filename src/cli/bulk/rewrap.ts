/** `sealgate rewrap`: every record of a bucket under the current version of a key. */
import { plugins } from "../../../plugins/index.ts";
import { guardByComplete } from "../../bulk/guard-by-complete.ts";
import { rewrapObject, type Sealing } from "../../bulk/rewrap.ts";
import { loadConfig } from "../../config/load.ts";
import { type GuardOptions, guardsOf } from "./guards.ts";
import { withPipeline } from "./in-process.ts";
import { type BulkOptions, targetOf } from "./options.ts";
import { over, untilStopped } from "./over.ts";
import { reportOf, statusOf } from "./report.ts";
import { sealingOf, sealingUnder } from "./sealing.ts";
import { openStores } from "./store-access.ts";

export interface RewrapOptions extends BulkOptions, GuardOptions {
	/** Id or alias. */
	readonly to: string;
	readonly acl: boolean;
}

/** @returns the exit status */
export async function rewrap(
	text: string,
	options: RewrapOptions,
): Promise<number> {
	const target = targetOf(text);
	const { to, client, dryRun = false, shard } = options;
	const { bucket } = target;
	const loaded = await loadConfig(options.config, process.env, plugins);
	const found = await untilStopped(async (signal) => {
		// What has begun is finished: the stores do not hear of the signal.
		const stores = openStores(loaded, client, new AbortController().signal);
		const operator = { command: "rewrap", client, share: shard?.index ?? 0 };
		try {
			return await withPipeline(loaded, stores, operator, async (pipeline) => {
				const seals = new Map<string, Promise<Sealing | undefined>>();
				const sealing = (key: string): Promise<Sealing | undefined> => {
					const { name } = stores.routeOf(bucket, key);
					const known =
						seals.get(name) ??
						sealingOf(
							loaded,
							name,
							bucket,
							to,
							pipeline.keys,
							pipeline.exchange(),
						);
					seals.set(name, known);
					return known;
				};
				await sealing(target.prefix); // a key that cannot be used is told before anything is asked of the store
				const guards = await guardsOf(
					stores.ask,
					target,
					options,
					({ copy, complete }) => copy || complete,
				);
				const byPart = guards !== undefined && !guards.copy;
				const gateway = await pipeline.under(
					sealingUnder(loaded, to),
					byPart ? guardByComplete() : undefined,
				);
				const act = rewrapObject({
					...{ bucket, gateway, sealing, guards, dryRun, signal },
					store: stores.ask,
					keepAcl: options.acl,
				});
				const facts = { to };
				const { ask } = stores;
				return await over({
					...{ command: "rewrap", target, options, facts, ask, act, signal },
				});
			});
		} finally {
			await stores.close();
		}
	});
	console.log(reportOf(found, options.json ? "json" : "table"));
	return statusOf(found);
}
