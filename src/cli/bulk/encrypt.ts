/** `sealgate encrypt`: plaintext objects become envelope objects, or with `--to plaintext` the other way round. */
import { plugins } from "../../../plugins/index.ts";
import { type Transferring, transferObject } from "../../bulk/transfer.ts";
import { type Loaded, loadConfig } from "../../config/load.ts";
import { UsageError } from "../answer.ts";
import { type GuardOptions, guardsOf } from "./guards.ts";
import { withPipeline } from "./in-process.ts";
import { type BulkOptions, targetOf } from "./options.ts";
import { over, untilStopped } from "./over.ts";
import { reportOf, statusOf } from "./report.ts";
import { envelopeOf, withEnvelopes, withoutEnvelopes } from "./sealing.ts";
import { openStores } from "./store-access.ts";

export interface EncryptOptions extends BulkOptions, GuardOptions {
	readonly to: Transferring["to"];
	readonly acl: boolean;
}

/** @returns the exit status */
export async function encrypt(
	text: string,
	options: EncryptOptions,
): Promise<number> {
	const target = targetOf(text);
	const { to, client, dryRun = false, shard } = options;
	const { bucket, prefix } = target;
	const loaded = await loadConfig(options.config, process.env, plugins);
	const found = await untilStopped(async (signal) => {
		const stores = openStores(loaded, client);
		const refusal = (key: string) =>
			refusalOf(loaded, stores.routeOf(bucket, key), to);
		const operator = { command: "encrypt", client, share: shard?.index ?? 0 };
		try {
			const why = refusal(prefix);
			if (why !== undefined) throw new UsageError(`${text} is ${why}`);
			return await withPipeline(loaded, stores, operator, async (pipeline) => {
				const read = await pipeline.under(
					withEnvelopes(loaded, (options) => ({
						...options,
						onPlaintext: "allow",
					})),
				);
				const write =
					to === "envelope"
						? await pipeline.under(loaded)
						: await pipeline.under(withoutEnvelopes(loaded));
				const { ask } = stores;
				const guards = await guardsOf(ask, target, options, ({ put }) => put);
				const act = transferObject({
					...{ bucket, to, read, write, refusal, dryRun, signal },
					store: ask,
					exchange: pipeline.exchange,
					guarded: guards !== undefined,
					keepAcl: options.acl,
				});
				return await over({
					...{ command: "encrypt", target, options, ask, act, signal },
					facts: { to },
				});
			});
		} finally {
			await stores.close();
		}
	});
	console.log(reportOf(found, options.json ? "json" : "table"));
	return statusOf(found);
}

/** A gateway that runs by this configuration must read what the run writes. */
function refusalOf(
	loaded: Loaded,
	route: { readonly name: string; readonly mode: string },
	to: Transferring["to"],
): string | undefined {
	const options = envelopeOf(loaded, route.name);
	if (options === undefined)
		return `on route "${route.name}", which has no envelope`;
	if (to === "envelope" && route.mode === "observe")
		return `on route "${route.name}", which only observes and would write plaintext: take mode: enforce into force first`;
	if (to === "plaintext" && options.onPlaintext === "refuse")
		return `on route "${route.name}", which refuses plaintext: take onPlaintext: allow into force first, and run this again`;
	return undefined;
}
