/** Many sequences from one seed, each on buckets of its own; a failing one is shrunk. */
import type { Unequal } from "./compare.ts";
import { type Failure, type Pair, playEpisode } from "./episode.ts";
import { type Explained, Table } from "./explained.ts";
import { generate, profiles } from "./generate.ts";
import { shrink } from "./shrink.ts";
import type { Step } from "./step.ts";
import type { StoreName } from "./stores.ts";

export interface Asked {
	readonly pair: Pair;
	readonly store: StoreName;
	readonly explained: readonly Explained[];
	readonly seed: number;
	readonly steps: number;
	/** Differences after which the run ends. */
	readonly most: number;
	/** Told of each difference as it is found. */
	readonly tell: (text: string) => void;
}

export interface Found {
	readonly seed: number;
	readonly shortest: readonly Step[];
	readonly failure: Failure;
}

export interface Outcome {
	readonly sent: number;
	readonly found: readonly Found[];
	readonly table: Table;
	readonly names: ReadonlyMap<string, number>;
}

const episodeLength = 100;

export async function runDifferential(asked: Asked): Promise<Outcome> {
	const table = new Table(asked.explained, asked.store);
	const profile = asked.store === "embedded" ? profiles.any : profiles.files;
	const found: Found[] = [];
	const told = new Set<string>();
	const names = new Map<string, number>();
	let sent = 0;
	for (let episode = 0; sent < asked.steps; episode++) {
		const seed = seedOf(asked.seed, episode);
		const length = Math.min(episodeLength, asked.steps - sent);
		const steps = generate(seed, length, profile);
		const played = await playEpisode(steps, asked.pair, table);
		sent += played.sent;
		for (const { name } of steps.slice(0, played.sent))
			names.set(name, (names.get(name) ?? 0) + 1);
		if (played.failure === undefined) continue;
		const kind = kindOf(played.failure);
		if (told.has(kind)) continue;
		told.add(kind);
		const shortest = await shortestLike(steps, played.failure, asked);
		found.push({ seed, ...shortest });
		asked.tell(describe({ seed, ...shortest }));
		if (found.length >= asked.most) break;
	}
	return { sent, found, table, names };
}

/** The run's own seed is its first episode's, so that a printed seed repeats an episode. */
function seedOf(seed: number, episode: number): number {
	return (seed + episode * 1_000_003) % 2 ** 31;
}

/** Two failures of one kind have one cause, as a rule. */
function kindOf({ step, unequal }: Failure): string {
	const [{ place, direct, through } = {}] = unequal as readonly Unequal[];
	return [
		step.name,
		place,
		...(place === "status" ? [direct, through] : []),
	].join(" ");
}

async function shortestLike(
	steps: readonly Step[],
	failure: Failure,
	{ pair, store, explained }: Asked,
): Promise<Omit<Found, "seed">> {
	const last = steps.findIndex(({ id }) => id === failure.step.id);
	let known = failure;
	const fails = async (candidate: readonly Step[]): Promise<boolean> => {
		const table = new Table(explained, store);
		const { failure: now } = await playEpisode(candidate, pair, table);
		const like = now !== undefined && kindOf(now) === kindOf(failure);
		if (like) known = now;
		return like;
	};
	const shortest = await shrink(steps.slice(0, last + 1), fails);
	return { shortest, failure: known };
}

export function describe({ seed, shortest, failure }: Found): string {
	const [first] = failure.unequal;
	const telling = first?.place === "status" ? [first] : failure.unequal;
	const lines = telling.map(
		({ place, direct, through }) =>
			`  ${place}: ${direct ?? "nothing"} is ${through ?? "nothing"} through the gateway`,
	);
	const documents = failure.answers
		.filter(({ document }) => document !== undefined)
		.map(({ status, body }) => `  ${status} ${body.toString().slice(0, 400)}`);
	return [
		`--seed ${seed}: ${failure.step.name} (step ${failure.step.id}) differs`,
		...lines,
		...documents,
		`  the shortest such sequence, for --replay:`,
		...shortest.map((step) => `    ${JSON.stringify(step)}`),
	].join("\n");
}
