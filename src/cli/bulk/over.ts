/** The part that the commands have alike: input, checkpoint, progress, signals and the end. */
import type { Ask } from "../../bulk/ask.ts";
import type { Checkpoint } from "../../bulk/checkpoint.ts";
import { openInventory } from "../../bulk/inventory.ts";
import type { Item, Settled } from "../../bulk/item.ts";
import { listObjects, listVersions } from "../../bulk/listing.ts";
import { runOver } from "../../bulk/run.ts";
import { inShard, type Target } from "../../bulk/target.ts";
import { UsageError } from "../answer.ts";
import { startMeter } from "./meter.ts";
import type { BulkOptions } from "./options.ts";

export interface Run {
	readonly command: string;
	readonly target: Target;
	readonly options: BulkOptions;
	/** What else decides what is done, for the checkpoint. */
	readonly facts?: Readonly<Record<string, string>>;
	/** At the store: for listings. */
	readonly ask: Ask;
	readonly act: (item: Item) => Promise<Settled>;
	readonly signal: AbortSignal;
}

export async function over(run: Run): Promise<Checkpoint> {
	const { target, options, signal } = run;
	const { versions = false, inventory, shard } = options;
	if (versions && inventory !== undefined)
		throw new UsageError("--versions needs a listing: leave --inventory out");
	const opened =
		inventory === undefined
			? undefined
			: await openInventory(inventory, target);
	const items = (position: string): AsyncIterable<Item> =>
		opened
			? opened.items(position)
			: (versions ? listVersions : listObjects)(run.ask, target, position);
	const meter = startMeter();
	const counting = new AbortController();
	let counted: Promise<void> | undefined;
	const begin = (position: string): AsyncIterable<Item> => {
		// Only a terminal shows what is left, and a second listing is not free.
		if (process.stderr.isTTY)
			counted = count(items(position), shard, counting.signal).then(
				(total) => meter.total(total),
				() => {}, // the run itself meets the same and tells
			);
		return items(position);
	};
	try {
		return await runOver({
			identity: {
				command: run.command,
				target: `s3://${target.bucket}/${target.prefix}`,
				...(shard && { shard: `${shard.index}/${shard.count}` }),
				...(inventory !== undefined && { inventory }),
				...(versions && { versions: "yes" }),
				...(options.dryRun && { dryRun: "yes" }),
				...(options.client !== "" && { client: options.client }),
				...run.facts,
			},
			checkpoint: options.checkpoint,
			shard,
			parallel: options.parallel,
			rate: options.rate,
			signal,
			items: begin,
			act: run.act,
			progress: meter.add,
		});
	} finally {
		counting.abort();
		meter.end();
		await counted;
	}
}

async function count(
	items: AsyncIterable<Item>,
	shard: BulkOptions["shard"],
	signal: AbortSignal,
): Promise<number> {
	let total = 0;
	for await (const { key } of items) {
		signal.throwIfAborted();
		if (shard === undefined || inShard(key, shard)) total += 1;
	}
	return total;
}

/** Aborts at the first SIGINT or SIGTERM; the second ends the process at once. */
export async function untilStopped<T>(
	act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
	const stop = new AbortController();
	const asked = (): void => {
		if (stop.signal.aborted) process.exit(1);
		console.error("stopping: what has begun is finished first");
		stop.abort();
	};
	process.on("SIGINT", asked).on("SIGTERM", asked);
	try {
		return await act(stop.signal);
	} finally {
		process.off("SIGINT", asked).off("SIGTERM", asked);
	}
}
