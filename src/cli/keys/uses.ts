/** Whether a key is in use, as far as the configuration and its audit log can tell. */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { AuditRecord } from "../../audit/record.ts";
import type { Loaded } from "../../config/load.ts";
import { aliasesOf, type Keyring } from "../../keys/keyring.ts";
import type { Entry } from "./entry.ts";

/**
 * A sentence for each sign that the key is in use; empty where there is none. That there is none proves nothing:
 * an object that nobody has asked for since needs its key all the same.
 * @param days of the audit log that are looked at
 */
export async function usesOf(
	{ loaded, name }: Entry,
	ring: Keyring,
	keyId: string,
	days: number,
): Promise<string[]> {
	const names = [keyId, ...aliasesOf(ring, keyId)];
	const routes = routesNaming(loaded, name, names).map(
		(route) => `Route "${route}" seals under it.`,
	);
	const since = new Date(Date.now() - days * 86_400_000).toISOString();
	return [...routes, ...(await usesInLog(loaded, keyId, since, days))];
}

function routesNaming(
	{ policies }: Loaded,
	keys: string,
	names: readonly string[],
): string[] {
	const naming = [...policies].filter(([, configured]) =>
		configured.some(({ options }) => {
			const named = options as { keys?: unknown; keyId?: unknown };
			return named.keys === keys && names.includes(String(named.keyId));
		}),
	);
	return naming.map(([route]) => route);
}

async function usesInLog(
	{ config }: Loaded,
	keyId: string,
	since: string,
	days: number,
): Promise<string[]> {
	const sink = config.audit?.sinks[0];
	if (sink === undefined) return [];
	const path = join(sink.file, "records.jsonl");
	if (!existsSync(path)) return [];
	let requests = 0;
	let unreadable = 0;
	let last = "";
	for await (const line of createInterface(createReadStream(path))) {
		const record = readRecord(line);
		if (record === undefined) unreadable++;
		else if (record.time >= since && uses(record, keyId)) {
			requests++;
			if (record.time > last) last = record.time;
		}
	}
	return [
		...(requests > 0
			? [
					`${requests} requests used it in the last ${days} days, the last one at ${last}.`,
				]
			: []),
		...(unreadable > 0
			? [`${unreadable} lines of ${path} cannot be read.`]
			: []),
	];
}

function uses({ keyUses = [] }: AuditRecord, keyId: string): boolean {
	return keyUses.some((use) => use.keyId === keyId);
}

function readRecord(line: string): AuditRecord | undefined {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}
