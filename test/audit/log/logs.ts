/** Logs for the tests: written by the real writer into a folder of their own. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import {
	cpSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogOptions, openLog } from "../../../src/audit/log/writer.ts";

export const root = mkdtempSync(join(tmpdir(), "sealgate-log-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

export const keys: { privateKey: KeyObject; publicKey: KeyObject } =
	generateKeyPairSync("ed25519");

export const origin = "test/gateway-0";

export function newFolder(): string {
	return mkdtempSync(join(root, "log-"));
}

/** Short, because every byte of it is changed once. */
export const entryOf = (number: number) => ({
	event: "e",
	requestId: `R${number}`,
	key: "ü",
});

/** A closed log of so many entries, beside what the writer says of itself. */
export async function makeLog(
	entries: number,
	options: Partial<LogOptions> = {},
): Promise<string> {
	const folder = newFolder();
	const log = await openLog(folder, {
		origin,
		signingKey: keys.privateKey,
		...options,
	});
	for (let number = 0; number < entries; number += 1) {
		await log.append(entryOf(number));
	}
	await log.close();
	return folder;
}

export function filesOf(folder: string): string[] {
	return readdirSync(folder).sort();
}

/** Calls back with a copy of the folder in which one file is changed. */
export async function altered<T>(
	folder: string,
	name: string,
	change: (content: Buffer) => Buffer,
	look: (copy: string) => Promise<T>,
): Promise<T> {
	const copy = newFolder();
	try {
		cpSync(folder, copy, { recursive: true });
		const path = join(copy, name);
		writeFileSync(path, change(readFileSync(path)));
		return await look(copy);
	} finally {
		rmSync(copy, { recursive: true });
	}
}
