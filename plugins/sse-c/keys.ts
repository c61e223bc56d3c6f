/** The keys that the gateway holds, and the headers that bring one of them to the store. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
	type CustomerKeyOf,
	customerKeyBytes,
	customerKeyHeaders,
} from "../../src/index.ts";
import { deriveKey } from "./derive.ts";
import type { InjectOptions } from "./options.ts";

/** An object, as a request names it. */
export interface Place {
	readonly bucket?: string | undefined;
	readonly key?: string | undefined;
}

export interface Keys {
	/** How many there are, the newest first: 1 to 4. */
	readonly count: number;
	/** Whether an object's key depends on its name. */
	readonly derived: boolean;
	/** The three headers of the key with that index. */
	headers(
		index: number,
		place: Place,
		of?: CustomerKeyOf,
	): Readonly<Record<string, string>>;
}

/**
 * @param directory what relative paths are relative to
 * @throws Error with a sentence, for a file that holds no key
 */
export function keysOf(configured: InjectOptions, directory: string): Keys {
	const { keyFile, secrets, boundBucket } = configured;
	const derived = secrets !== undefined;
	const held = derived
		? secrets.map((text) => keyObject(Buffer.from(text, "utf8")))
		: (keyFile ?? []).map((file) => readKeyFile(resolve(directory, file)));
	return {
		count: held.length,
		derived,
		headers(index, { bucket = "", key = "" }, of = "object") {
			const chosen = held[index];
			if (chosen === undefined) throw new RangeError(`no key ${index}`);
			const bytes = derived
				? deriveKey(chosen, boundBucket ?? bucket, key)
				: chosen.export();
			const headers = customerKeyHeaders(bytes, of);
			bytes.fill(0);
			return headers;
		},
	};
}

/** @throws Error that names the file, and nothing of what is in it */
function readKeyFile(path: string): KeyObject {
	let content: Buffer;
	try {
		content = readFileSync(path);
	} catch {
		throw new Error(`the key file ${path} cannot be read`);
	}
	const key = parseKey(content);
	if (key !== content) content.fill(0);
	if (key === undefined) {
		throw new Error(
			`the key file ${path} holds no key: it wants ${customerKeyBytes} bytes, or their hex or base64`,
		);
	}
	return keyObject(key);
}

/** The forms have different lengths, so that none can be taken for another. */
function parseKey(content: Buffer): Buffer | undefined {
	if (content.length === customerKeyBytes) return content;
	const text = content.toString("latin1").trim();
	if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, "hex");
	const decoded = Buffer.from(text, "base64");
	return decoded.length === customerKeyBytes &&
		decoded.toString("base64") === text
		? decoded
		: undefined;
}

/** Outside the heap, and shown by nothing that prints values. */
function keyObject(bytes: Buffer): KeyObject {
	const key = createSecretKey(bytes);
	bytes.fill(0);
	return key;
}
