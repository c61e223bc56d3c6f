/** `sealgate audit tail`: the newest records, and those that come. */
import { setTimeout as wait } from "node:timers/promises";
import { entriesIn, type FoundEntry } from "../../audit/log/logs.ts";
import { UsageError } from "../answer.ts";
import { printable } from "../printable.ts";

export interface TailOptions {
	readonly lines: string;
	readonly follow?: boolean;
	readonly json?: boolean;
}

/** Milliseconds between two looks. */
const interval = 500;

export async function tail(
	folder: string,
	{ lines, follow, json }: TailOptions,
): Promise<number> {
	const most = Number(lines);
	if (!Number.isInteger(most) || most < 0) {
		throw new UsageError(`--lines ${lines} is no number of lines`);
	}
	/** Of each log, how many of its entries were seen. */
	const seen = new Map<string, number>();
	let fresh = (await freshOf(folder, seen)).slice(-most || Infinity);
	for (;;) {
		for (const { entry } of fresh) {
			console.log(json ? JSON.stringify(entry) : lineOf(entry));
		}
		if (!follow) return 0;
		await wait(interval);
		fresh = await freshOf(folder, seen);
	}
}

async function freshOf(
	folder: string,
	seen: Map<string, number>,
): Promise<FoundEntry[]> {
	const fresh: FoundEntry[] = [];
	const counted = new Map<string, number>();
	for await (const found of entriesIn(folder)) {
		const count = (counted.get(found.log) ?? 0) + 1;
		counted.set(found.log, count);
		if (count <= (seen.get(found.log) ?? 0)) continue;
		seen.set(found.log, count);
		fresh.push(found);
	}
	return fresh;
}

/** One entry for a reader: when, who, what, with which key, and how it ended. */
export function lineOf(entry: FoundEntry["entry"]): string {
	const { time, client, user, operation, command, bucket, key } = entry;
	const uses = (entry.keyUses ?? []) as { use: string; keyId: string }[];
	const object = bucket === undefined ? undefined : `${bucket}/${key ?? ""}`;
	const parts = [
		time ?? "-",
		entry.event,
		client ?? user,
		operation ?? command,
		object === undefined ? undefined : JSON.stringify(object),
		...uses.map(({ use, keyId }) => `${use} ${keyId}`),
		entry.outcome,
		entry.error,
	];
	return printable(parts.filter((part) => part !== undefined).join("  "));
}
