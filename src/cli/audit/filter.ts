/** Which entries of the logs a question is about. */
import { entriesIn, type FoundEntry } from "../../audit/log/logs.ts";
import { UsageError } from "../answer.ts";

export interface FilterOptions {
	/** Id, or name of an entry of `keys`. */
	readonly key?: string;
	readonly client?: string;
	readonly bucket?: string;
	/** Object key. */
	readonly object?: string;
	readonly operation?: string;
	readonly outcome?: string;
	/** RFC 3339, or an age: `30m`, `12h`, `7d`. */
	readonly since?: string;
	readonly until?: string;
	readonly json?: boolean;
}

const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds since 1970. @throws UsageError */
export function momentOf(text: string, now: Date): number {
	const age = /^(\d{1,6})([mhd])$/.exec(text);
	if (age !== null) {
		return now.getTime() - Number(age[1]) * unit[age[2] as keyof typeof unit];
	}
	const moment = Date.parse(text);
	if (Number.isNaN(moment)) {
		throw new UsageError(
			`${text} is no time: 2026-11-25T06:00:00Z, or an age such as 30m, 12h, 7d`,
		);
	}
	return moment;
}

/** Whether an entry is asked for. */
export function filterOf(
	options: FilterOptions,
	now: Date,
): (found: FoundEntry) => boolean {
	const since =
		options.since === undefined ? -Infinity : momentOf(options.since, now);
	const until =
		options.until === undefined ? Infinity : momentOf(options.until, now);
	const wanted: [string, string | undefined][] = [
		["client", options.client],
		["bucket", options.bucket],
		["key", options.object],
		["operation", options.operation],
		["outcome", options.outcome],
	];
	const asked = wanted.filter(([, value]) => value !== undefined);
	return ({ entry }) => {
		const time = Date.parse(String(entry.time));
		if (time < since || time > until) return false;
		if (Number.isNaN(time) && (options.since ?? options.until) !== undefined)
			return false;
		if (asked.some(([field, value]) => entry[field] !== value)) return false;
		return options.key === undefined || keysOf(entry).includes(options.key);
	};
}

/** Ids and entry names of the keys that an entry tells of. */
export function keysOf(entry: Readonly<Record<string, unknown>>): string[] {
	const uses = (entry.keyUses ?? []) as { keys: string; keyId: string }[];
	const named = [entry.keys, ...((entry.keyIds ?? []) as string[])];
	return [
		...named.filter((name) => typeof name === "string"),
		...uses.flatMap(({ keys, keyId }) => [keys, keyId]),
	];
}

/** The entries that are asked for, oldest first. */
export async function search(
	folder: string,
	options: FilterOptions,
	now: Date = new Date(),
): Promise<FoundEntry[]> {
	const wanted = filterOf(options, now);
	const found: FoundEntry[] = [];
	for await (const entry of entriesIn(folder)) {
		if (wanted(entry)) found.push(entry);
	}
	const time = ({ entry }: FoundEntry): string => String(entry.time ?? "");
	return found.sort((a, b) =>
		time(a) < time(b) ? -1 : time(a) > time(b) ? 1 : 0,
	);
}
