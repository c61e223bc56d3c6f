/** Measures a row: contenders take turns within a round, so that the machine's moods meet all of them. */
import { loadavg } from "node:os";
import { type ContenderName, contender, floor, present } from "./contenders.ts";
import { cpuSeconds } from "./processes.ts";
import type { Row, Unit } from "./rows.ts";

export interface Spread {
	readonly median: number;
	readonly least: number;
	readonly most: number;
}

export interface Figure {
	readonly contender: ContenderName;
	/** In the row's unit. */
	readonly cpu: Spread;
	/** Over the floor of the same round; for `above`, milliseconds above it. Absent without a floor. */
	readonly ratio: Spread | undefined;
	readonly mebibytesPerSecond: number;
	readonly requestsPerSecond: number;
	/** Milliseconds. */
	readonly latency: { readonly p50: number; readonly p99: number };
}

export interface Result {
	readonly row: string;
	readonly unit: Unit;
	readonly bar: number | undefined;
	/** The floor's own figures differ by more than a quarter of their median. */
	readonly unsettled: boolean;
	/** Of the machine, one minute, when the row ended. */
	readonly load: number;
	readonly figures: readonly Figure[];
}

interface Sample {
	readonly cpu: number;
	readonly seconds: number;
	readonly requests: number;
	readonly bytes: number;
	readonly p50: number;
	readonly p99: number;
}

export function spreadOf(values: readonly number[]): Spread {
	const sorted = [...values].sort((a, b) => a - b);
	const at = (share: number) =>
		sorted[Math.round(share * (sorted.length - 1))] as number;
	return { median: at(0.5), least: at(0), most: at(1) };
}

/** The first of `rounds + 1` rounds warms up. */
export async function measure(row: Row, rounds: number): Promise<Result> {
	const names = present(row.contenders);
	const samples = new Map(names.map((name) => [name, [] as Sample[]]));
	for (const name of names) {
		const one = await contender(name, row.behind);
		await row.work.place?.(one);
		await row.work.prove(one).catch((cause) => {
			throw new Error(`${row.name} by ${name} does not work`, { cause });
		});
	}
	for (let round = -1; round < rounds; round++) {
		for (const name of names) {
			const sample = await once(row, name);
			if (round >= 0) samples.get(name)?.push(sample);
		}
	}
	const floors = samples.get(floor)?.map(({ cpu }) => cpu);
	const figures = names.map((name) =>
		figure(row, name, samples.get(name) ?? [], floors),
	);
	const own = figures.find(({ contender }) => contender === floor)?.cpu;
	return {
		row: row.name,
		unit: row.unit,
		bar: row.bar,
		unsettled: own !== undefined && own.most - own.least > own.median / 4,
		load: loadavg()[0] as number,
		figures,
	};
}

async function once(row: Row, name: ContenderName): Promise<Sample> {
	const one = await contender(name, row.behind);
	const before = cpuSeconds(one.pid);
	const started = performance.now();
	const { requests, latencies } = await row.work.load(one).catch((cause) => {
		throw new Error(`${row.name} by ${name} broke off`, { cause });
	});
	const seconds = (performance.now() - started) / 1_000;
	const cpu = cpuSeconds(one.pid) - before;
	const bytes = requests * row.work.bytes;
	const at = (share: number) =>
		latencies[Math.floor(share * (latencies.length - 1))] as number;
	return {
		cpu:
			row.unit === "gib" ? cpu / (bytes / 1024 ** 3) : (cpu * 1e3) / requests,
		seconds,
		requests,
		bytes,
		p50: at(0.5),
		p99: at(0.99),
	};
}

function figure(
	{ unit }: Row,
	contender: ContenderName,
	samples: readonly Sample[],
	floors: readonly number[] | undefined,
): Figure {
	const median = (value: (sample: Sample) => number): number =>
		spreadOf(samples.map(value)).median;
	const ratios = floors?.map((least, round) => {
		const { cpu } = samples[round] as Sample;
		return unit === "above" ? cpu - least : cpu / least;
	});
	return {
		contender,
		cpu: spreadOf(samples.map(({ cpu }) => cpu)),
		ratio: ratios && spreadOf(ratios),
		mebibytesPerSecond: median(
			({ bytes, seconds }) => bytes / seconds / 1024 ** 2,
		),
		requestsPerSecond: median(({ requests, seconds }) => requests / seconds),
		latency: { p50: median(({ p50 }) => p50), p99: median(({ p99 }) => p99) },
	};
}
