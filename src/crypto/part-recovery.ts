/**
 * Finds where the parts of an object end by its ciphertext alone, where the store's part table is lost: after a copy,
 * or in a file. A guess that is wrong opens nothing, so what is found is proven. docs/format.md, "Objects".
 */
import {
	createDecipheriv,
	type DecipherGCM,
	type KeyObject,
} from "node:crypto";
import { partAssociatedData } from "./associated-data.ts";
import { DecryptionError } from "./decryption-error.ts";
import type { ObjectParts } from "./object-streams.ts";
import {
	ciphertextLength,
	emptyStreamBytes,
	headerBytes,
	plaintextLength,
	segmentCount,
	tagBytes,
} from "./stream-arithmetic.ts";
import { StreamKey } from "./stream-key.ts";
import { type EndOfObject, openTerminator } from "./terminator.ts";

export interface Ciphertext {
	/** In bytes. */
	readonly size: number;
	/** The bytes from `start` up to `end`, exclusive; within the size. */
	read(start: number, end: number): Promise<Buffer>;
}

/**
 * @param budget how many segments may be tried; one for a part as long as the one before, some tens for another of whole segments, some hundreds for any other
 * @throws DecryptionError `parts-unknown` where the bytes are no object of this key and nonce, or the budget is spent
 */
export async function recoverParts(
	object: EndOfObject,
	ciphertext: Ciphertext,
	budget: number,
): Promise<ObjectParts> {
	const search = new Search(object, ciphertext, budget);
	const lengths: number[] = [];
	for (let at = 0; at < ciphertext.size; ) {
		if (await search.isTerminator(at, lengths)) {
			return { lengths, terminated: true };
		}
		const part = lengths.length + 1;
		const usual = lengths.at(-1);
		if (usual !== undefined && (await search.isPart(at, part, usual))) {
			lengths.push(usual);
			at += ciphertextLength(usual, object.format.segmentBytes);
			continue;
		}
		const final = await search.finalPart(at, part);
		if (final !== undefined) {
			return { lengths: [...lengths, final], terminated: false };
		}
		const end = await search.endOfPart(at, part);
		const { segmentBytes } = object.format;
		const length = plaintextLength(end - at, segmentBytes);
		if (length === undefined) throw unknown("a part of an impossible length");
		lengths.push(length);
		at = end;
	}
	throw unknown("nothing ends the object");
}

class Search {
	readonly #object: EndOfObject;
	readonly #ciphertext: Ciphertext;
	readonly #cipherSegment: number;
	#left: number;

	constructor(object: EndOfObject, ciphertext: Ciphertext, budget: number) {
		this.#object = object;
		this.#ciphertext = ciphertext;
		this.#cipherSegment = object.format.segmentBytes + tagBytes;
		this.#left = budget;
	}

	/** Its padding is at most a tag for each part. */
	async isTerminator(at: number, lengths: readonly number[]): Promise<boolean> {
		const size = this.#ciphertext.size - at;
		const most = emptyStreamBytes + tagBytes * lengths.length;
		if (lengths.length === 0 || size < emptyStreamBytes || size > most) {
			return false;
		}
		const bytes = await this.#ciphertext.read(at, this.#ciphertext.size);
		this.#spend();
		try {
			openTerminator(this.#object, lengths, bytes);
			return true;
		} catch (error) {
			if (error instanceof DecryptionError) return false;
			throw error;
		}
	}

	/** Whether the part has that much plaintext and does not end the object: most are as long as the one before. */
	async isPart(at: number, part: number, plaintext: number): Promise<boolean> {
		const { segmentBytes } = this.#object.format;
		const end = at + ciphertextLength(plaintext, segmentBytes);
		if (end > this.#ciphertext.size) return false;
		const key = await this.#keyOf(at, part, false);
		const last = segmentCount(plaintext, segmentBytes) - 1;
		const bytes = await this.#ciphertext.read(this.#startOf(at, last), end);
		return this.#opens(key, last, true, bytes);
	}

	/** The plaintext length of the part that ends the object, where the rest of it is one. */
	async finalPart(at: number, part: number): Promise<number | undefined> {
		const { size } = this.#ciphertext;
		const { segmentBytes } = this.#object.format;
		const length = plaintextLength(size - at, segmentBytes);
		if (length === undefined) return undefined;
		const key = await this.#keyOf(at, part, true);
		const last = Math.ceil((size - at) / this.#cipherSegment) - 1;
		const start = this.#startOf(at, last);
		const bytes = await this.#ciphertext.read(start, size);
		return this.#opens(key, last, true, bytes) ? length : undefined;
	}

	/** Where a part ends that is not the final one. */
	async endOfPart(at: number, part: number): Promise<number> {
		const key = await this.#keyOf(at, part, false);
		const last = await this.#countFull(at, key);
		const start = this.#startOf(at, last);
		const { size } = this.#ciphertext;
		const most = Math.min(this.#startOf(at, last + 1) + 1, size);
		const bytes = await this.#ciphertext.read(start, most);
		for (const length of this.#candidates(bytes)) {
			if (this.#opens(key, last, true, bytes.subarray(0, length))) {
				return start + length;
			}
		}
		throw unknown(`part ${part} has no end`);
	}

	/** How many full segments with others behind them the part has: they open up to there, and none does after. */
	async #countFull(at: number, key: StreamKey): Promise<number> {
		const full = async (index: number): Promise<boolean> => {
			const end = this.#startOf(at, index + 1);
			if (end > this.#ciphertext.size) return false;
			const bytes = await this.#ciphertext.read(this.#startOf(at, index), end);
			return this.#opens(key, index, false, bytes);
		};
		let known = 0;
		let step = 1;
		while (await full(known + step - 1)) {
			known += step;
			step *= 2;
		}
		for (step = Math.floor(step / 2); step >= 1; step = Math.floor(step / 2)) {
			if (await full(known + step - 1)) known += step;
		}
		return known;
	}

	/** Lengths of the last segment: the usual one of parts of whole segments first, then wherever a header may follow. */
	*#candidates(bytes: Buffer): Generator<number> {
		const usual = headerBytes + tagBytes;
		if (bytes.length > usual && bytes[usual] === headerBytes) yield usual;
		for (let length = tagBytes; length < bytes.length; length++) {
			if (length !== usual && bytes[length] === headerBytes) yield length;
		}
	}

	async #keyOf(at: number, part: number, final: boolean): Promise<StreamKey> {
		const { dataKey, nonce } = this.#object;
		const end = Math.min(at + headerBytes, this.#ciphertext.size);
		const header = await this.#ciphertext.read(at, end);
		if (header.length !== headerBytes || header[0] !== headerBytes) {
			throw unknown(`part ${part} has no header`);
		}
		const associatedData = partAssociatedData(nonce, part, final);
		return new StreamKey(dataKey, header, associatedData);
	}

	#startOf(at: number, index: number): number {
		return at + (index === 0 ? headerBytes : index * this.#cipherSegment);
	}

	#opens(key: StreamKey, index: number, last: boolean, bytes: Buffer): boolean {
		this.#spend();
		return opens(key.key, key.nonce(index, last), bytes);
	}

	#spend(): void {
		if (this.#left-- <= 0) throw unknown("the budget is spent");
	}
}

function opens(key: KeyObject, nonce: Buffer, bytes: Buffer): boolean {
	const text = bytes.length - tagBytes;
	if (text < 0) return false;
	const decipher: DecipherGCM = createDecipheriv("aes-256-gcm", key, nonce, {
		authTagLength: tagBytes,
	});
	decipher.setAuthTag(bytes.subarray(text));
	decipher.update(bytes.subarray(0, text));
	try {
		decipher.final();
		return true;
	} catch {
		return false;
	}
}

function unknown(what: string): DecryptionError {
	return new DecryptionError("parts-unknown", what);
}
