/** Bytes of tests, and what they are compared with. */
import { createCipheriv } from "node:crypto";
import { readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "./client.ts";

export const mebibyte = 1024 * 1024;

/** The same bytes for the same size. */
export function sample(size: number): Buffer {
	const key = Buffer.alloc(16, size % 251);
	return createCipheriv("aes-128-ctr", key, key).update(Buffer.alloc(size));
}

/** @returns its path, in the folder of the run. It is a minute old: within one second no synchronisation can tell which is newer */
export function sampleFile(place: Place, name: string, size: number): string {
	const path = join(place.scratch, name);
	writeFileSync(path, sample(size));
	const then = new Date(Date.now() - 60_000);
	utimesSync(path, then, then);
	return path;
}

export function expect(good: boolean, what: string): void {
	if (!good) throw new Error(what);
}

export function expectBytes(found: Uint8Array, wanted: Uint8Array): void {
	if (Buffer.compare(found, wanted) !== 0)
		throw new Error(
			`other bytes: ${found.length} of them, and ${wanted.length} were written`,
		);
}

export function expectFile(path: string, size: number): void {
	expectBytes(readFileSync(path), sample(size));
}

/** @throws Error where the action passes, or fails with other words */
export async function expectRefusal(
	action: () => Promise<unknown>,
	words: RegExp,
): Promise<void> {
	let found: string;
	try {
		await action();
		found = "it was done";
	} catch (error) {
		const { name, message, stderr = "" } = error as Error & { stderr?: string };
		const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
		found = `${$metadata?.httpStatusCode ?? ""} ${name} ${message} ${stderr}`;
	}
	expect(words.test(found), `not refused with ${words}: ${found}`);
}
