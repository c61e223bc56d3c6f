/** A run over the objects of a bucket: counts, checkpoints, and what is left in the end. */
import {
	type Checkpoint,
	firstCheckpoint,
	type RunIdentity,
	readCheckpoint,
	writeCheckpoint,
} from "./checkpoint.ts";
import type { Item, Settled } from "./item.ts";
import { isProbe } from "./probe.ts";
import { Tally } from "./tally.ts";
import { inShard, type Shard } from "./target.ts";
import { type Pace, work } from "./work.ts";

export interface RunOptions extends Pace {
	readonly identity: RunIdentity;
	/** File; absent: nothing is kept. */
	readonly checkpoint?: string | undefined;
	readonly shard?: Shard | undefined;
	/** Items behind a position, in the same order each time. */
	items(position: string): AsyncIterable<Item>;
	act(item: Item): Promise<Settled>;
	/** Told of each object. */
	progress?(objects: number, bytes: number): void;
}

/** Objects named in a report and a checkpoint; of what is left more are counted. */
const mostNamed = 1_000;
/** Objects between two checkpoints, and milliseconds. */
const saveEvery = { objects: 500, milliseconds: 2_000 };

/** @returns how it stands: `done` where nothing was cut short. @throws what `act` throws, and where too much fails */
export async function runOver(options: RunOptions): Promise<Checkpoint> {
	const { identity, checkpoint: file, signal, shard } = options;
	const before =
		(file === undefined ? undefined : await readCheckpoint(file, identity)) ??
		firstCheckpoint(identity);
	const state = new RunState(before);
	const saving = saver(file, state);
	const mine = ({ key }: Item) =>
		!isProbe(key) && (shard === undefined || inShard(key, shard));
	const settle = (item: Item, settled: Settled | undefined): void => {
		state.settle(item, settled);
		if (settled !== undefined) options.progress?.(1, item.size);
		saving.due();
	};
	const act = async (item: Item) =>
		mine(item) ? await options.act(item) : undefined;
	const again = state.takeFailed();
	let whole = false;
	try {
		await work(toAsync(again), act, settle, options);
		if (!before.done && !signal.aborted)
			await work(options.items(before.position), act, settle, options);
		whole = !signal.aborted;
	} finally {
		state.done = before.done || whole;
		await saving.last();
	}
	return state.snapshot();
}

class RunState {
	done = false;
	readonly #run: RunIdentity;
	readonly #tally: Tally;
	readonly #left: Checkpoint["left"];
	#failed: Checkpoint["failed"];
	#position: string;

	constructor({ run, counts, left, failed, position }: Checkpoint) {
		this.#run = run;
		this.#tally = new Tally(counts);
		this.#left = [...left];
		this.#failed = [...failed];
		this.#position = position;
	}

	/** What failed before, as items; each stays noted until it is settled. */
	takeFailed(): Item[] {
		return this.#failed.map(({ reason: _, ...item }) => item as Item);
	}

	/** @param settled undefined where it is another share's, or no object of the bucket's owner */
	settle(item: Item, settled: Settled | undefined): void {
		const { key, versionId, size, latest } = item;
		const named = { key, ...(versionId !== undefined && { versionId }) };
		const isThis = (other: Checkpoint["left"][number]) =>
			other.key === key && other.versionId === versionId;
		if (this.#failed.some(isThis))
			this.#failed = this.#failed.filter((other) => !isThis(other));
		const trouble = settled?.trouble;
		if (trouble?.kind === "failed")
			this.#failed.push({ ...named, size, latest, reason: trouble.reason });
		else if (settled?.group !== undefined) this.#tally.add(settled.group, size);
		if (trouble?.kind === "left" && this.#left.length < mostNamed)
			this.#left.push({ ...named, reason: trouble.reason });
		if (item.position !== undefined) this.#position = item.position;
		if (this.#failed.length > mostNamed) {
			throw new Error(
				`more than ${mostNamed} objects failed, the first: ${this.#failed[0]?.reason}`,
			);
		}
	}

	snapshot(): Checkpoint {
		return {
			version: 1,
			run: this.#run,
			position: this.#position,
			done: this.done,
			counts: this.#tally.counts(),
			left: [...this.#left],
			failed: [...this.#failed],
		};
	}
}

/** Writes the checkpoint now and then, one writing at a time. A failed one ends the run at the last. */
function saver(
	file: string | undefined,
	state: RunState,
): { due(): void; last(): Promise<void> } {
	if (file === undefined) return { due() {}, last: async () => {} };
	let objects = 0;
	let saved = performance.now();
	let writing: Promise<void> = Promise.resolve();
	let busy = false;
	const save = (): void => {
		objects = 0;
		saved = performance.now();
		busy = true;
		writing = writeCheckpoint(file, state.snapshot()).finally(() => {
			busy = false;
		});
		writing.catch(() => {}); // `last` and the next writing tell
	};
	return {
		due() {
			objects += 1;
			const late = performance.now() - saved > saveEvery.milliseconds;
			if (!busy && (late || objects >= saveEvery.objects)) save();
		},
		async last() {
			await writing.catch(() => {});
			await writeCheckpoint(file, state.snapshot());
		},
	};
}

async function* toAsync<T>(items: readonly T[]): AsyncGenerator<T> {
	yield* items;
}
