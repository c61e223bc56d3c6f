/** `sealgate audit report`: who used which key, on how much, from when to when. */
import type { FoundEntry } from "../../audit/log/logs.ts";
import { printable } from "../printable.ts";
import { type FilterOptions, search } from "./filter.ts";

/** One client's, or one command user's, use of one key in one way. */
interface KeyUseRow {
	readonly keyId: string;
	readonly keys: string;
	readonly who: string;
	readonly use: string;
	count: number;
	failures: number;
	first: string;
	last: string;
	/** `bucket/key` of the newest. */
	lastObject: string;
}

export async function reportUses(
	folder: string,
	options: FilterOptions,
): Promise<number> {
	const rows = rowsOf(await search(folder, options));
	const wanted = rows.filter(
		({ keyId, keys }) =>
			options.key === undefined || [keyId, keys].includes(options.key),
	);
	if (options.json) console.log(JSON.stringify({ uses: wanted }));
	else for (const row of wanted) console.log(lineOf(row));
	return 0;
}

function rowsOf(found: readonly FoundEntry[]): KeyUseRow[] {
	const rows = new Map<string, KeyUseRow>();
	for (const { entry } of found) {
		for (const { keyId, keys, use } of usesOf(entry)) {
			const who = String(entry.client ?? entry.user ?? "-");
			const name = JSON.stringify([keyId, keys, who, use]);
			const time = String(entry.time);
			const row = rows.get(name) ?? {
				keyId,
				keys,
				who,
				use,
				count: 0,
				failures: 0,
				first: time,
				last: time,
				lastObject: "-",
			};
			row.count += 1;
			if (entry.outcome !== "success") row.failures += 1;
			row.last = time;
			if (entry.bucket !== undefined) {
				row.lastObject = `${entry.bucket}/${entry.key ?? ""}`;
			}
			rows.set(name, row);
		}
	}
	return [...rows.values()];
}

/** What an entry says of keys: a request's uses, or a command on the keys that it names. */
function usesOf(
	entry: Readonly<Record<string, unknown>>,
): { keyId: string; keys: string; use: string }[] {
	if (entry.event === "request.end") {
		return (entry.keyUses ?? []) as {
			keyId: string;
			keys: string;
			use: string;
		}[];
	}
	const ids = (entry.keyIds ?? []) as string[];
	return ids.map((keyId) => ({
		keyId,
		keys: String(entry.keys),
		use: String(entry.command),
	}));
}

function lineOf(row: KeyUseRow): string {
	const { keyId, who, use, count, failures, first, last, lastObject } = row;
	const parts = [
		keyId,
		who,
		use,
		`${count} times`,
		...(failures > 0 ? [`${failures} not successful`] : []),
		`${first} to ${last}`,
		lastObject,
	];
	return printable(parts.join("  "));
}
