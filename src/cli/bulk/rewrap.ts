/** `sealgate rewrap`: every record of a bucket under the current version of a key. */
import { plugins } from "../../../plugins/index.ts";
import { guardByComplete } from "../../bulk/guard-by-complete.ts";
import { rewrapObject, type Sealing } from "../../bulk/rewrap.ts";
import { type Loaded, loadConfig } from "../../config/load.ts";
import { UsageError } from "../answer.ts";
import { type GuardOptions, guardsOf } from "./guards.ts";
import { withPipeline } from "./in-process.ts";
import { type BulkOptions, targetOf } from "./options.ts";
import { over, untilStopped } from "./over.ts";
import { reportOf, statusOf } from "./report.ts";
import {
	bindingTo,
	boundToItself,
	envelopeOf,
	sealingOf,
	sealingUnder,
} from "./sealing.ts";
import { openStores } from "./store-access.ts";

export interface RewrapOptions extends BulkOptions, GuardOptions {
	/** Id or alias. */
	readonly to: string;
	readonly acl: boolean;
	/** Bind records to the bucket that they lie in, in place of the route's `boundBucket`. */
	readonly rebind?: boolean;
}

/** @returns the exit status */
export async function rewrap(
	text: string,
	options: RewrapOptions,
): Promise<number> {
	const target = targetOf(text);
	const { to, client, dryRun = false, rebind = false, shard } = options;
	const { bucket } = target;
	const loaded = await loadConfig(options.config, process.env, plugins);
	const found = await untilStopped(async (signal) => {
		const stores = openStores(loaded, client);
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
							rebind,
						);
					seals.set(name, known);
					return known;
				};
				requireBound(loaded, stores.routeOf(bucket, target.prefix), rebind);
				await sealing(target.prefix); // a key that cannot be used is told before anything is asked of the store
				const guards = await guardsOf(
					stores.ask,
					target,
					options,
					({ copy, complete }) => copy || complete,
				);
				const byPart = guards !== undefined && !guards.copy;
				const atStore = byPart ? guardByComplete() : undefined;
				const sealed = sealingUnder(loaded, to);
				const bound = rebind ? bindingTo(sealed, bucket) : sealed;
				const gateway = await pipeline.under(bound, atStore);
				const rebound = rebind
					? await pipeline.under(boundToItself(sealed), atStore)
					: undefined;
				const act = rewrapObject({
					...{ bucket, gateway, rebound, sealing, guards, dryRun, signal },
					store: stores.ask,
					keepAcl: options.acl,
				});
				const facts = { to, ...(rebind && { rebind: "yes" }) };
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

/** @throws UsageError */
function requireBound(
	loaded: Loaded,
	{ name }: { readonly name: string },
	rebind: boolean,
): void {
	if (!rebind || envelopeOf(loaded, name)?.boundBucket !== undefined) return;
	throw new UsageError(
		`route "${name}" has no boundBucket: name there the bucket that the records are bound to now`,
	);
}
