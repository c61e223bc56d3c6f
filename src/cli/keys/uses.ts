/** Whether a key is in use, as far as the configuration and its audit log can tell. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ReadEntry } from "../../audit/log/chain.ts";
import { entriesIn } from "../../audit/log/logs.ts";
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
	{ config, folder: base }: Loaded,
	keyId: string,
	since: string,
	days: number,
): Promise<string[]> {
	const sink = config.audit?.sinks[0];
	if (sink === undefined) return [];
	const folder = resolve(base, sink.file);
	if (!existsSync(folder)) return [];
	let requests = 0;
	let last = "";
	for await (const { entry } of entriesIn(folder)) {
		const time = String(entry.time);
		if (time < since || !uses(entry, keyId)) continue;
		requests += 1;
		if (time > last) last = time;
	}
	if (requests === 0) return [];
	return [
		`${requests} requests used it in the last ${days} days, the last one at ${last}.`,
	];
}

function uses({ keyUses = [] }: ReadEntry, keyId: string): boolean {
	return (
		(keyUses as AuditRecord["keyUses"])?.some((use) => use.keyId === keyId) ??
		false
	);
}
