/** An audit log of a test's own. */
import { generateKeyPairSync } from "node:crypto";
import type { ReadEntry } from "../../src/audit/log/chain.ts";
import { publicKeyText } from "../../src/audit/log/checkpoint.ts";
import { entriesIn } from "../../src/audit/log/logs.ts";

const keys = generateKeyPairSync("ed25519");

export const auditPublicKey = publicKeyText(keys.publicKey);

export const auditSigningKey = keys.privateKey
	.export({ format: "pem", type: "pkcs8" })
	.toString();

/** The setting `audit` of a configuration. */
export function auditSetting(file: string, required = false): string {
	const setting = {
		required,
		signingKey: auditSigningKey,
		sinks: [{ file }],
	};
	return `audit: ${JSON.stringify(setting)}`;
}

/** What the log says of requests and commands, in the order of writing. @param event only these */
export async function auditEntries(
	folder: string,
	event?: string,
): Promise<ReadEntry[]> {
	const entries: ReadEntry[] = [];
	for await (const { entry } of entriesIn(folder)) {
		const wanted =
			event === undefined
				? !entry.event.startsWith("log.")
				: entry.event === event;
		if (wanted) entries.push(entry);
	}
	return entries;
}
