/** A downloaded ciphertext to plaintext: its parts are found, then it is opened as it is read. */
import type { KeyObject } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { partAssociatedData } from "../../crypto/associated-data.ts";
import { DecryptionError } from "../../crypto/decryption-error.ts";
import type { ObjectParts } from "../../crypto/object-streams.ts";
import { type Ciphertext, recoverParts } from "../../crypto/part-recovery.ts";
import type { ObjectRecord } from "../../crypto/record.ts";
import {
	ciphertextLength,
	plaintextLength,
} from "../../crypto/stream-arithmetic.ts";
import { openStreams } from "../../crypto/stream-opener.ts";
import { openTerminator } from "../../crypto/terminator.ts";

export interface Opened {
	readonly record: ObjectRecord;
	readonly dataKey: KeyObject;
}

/** Takes authenticated plaintext, valid until it resolves. */
export type Write = (piece: Buffer) => Promise<void>;

const chunkBytes = 256 * 1024;

/**
 * The parts of the object; a single PUT is one.
 * @param sizes ciphertext of the parts as the store lists them, a terminator included; undefined: found in the ciphertext
 * @throws DecryptionError `parts-unknown`, `stream-malformed`
 */
export async function partsOf(
	{ record, dataKey }: Opened,
	file: FileHandle,
	sizes: readonly number[] | undefined,
): Promise<ObjectParts> {
	const { nonce, format, single } = record;
	if (single !== undefined)
		return { lengths: [single.plaintext], terminated: false };
	const object = { dataKey, nonce, format };
	const ciphertext = await ciphertextOf(file);
	if (sizes === undefined)
		return recoverParts(object, ciphertext, Number.POSITIVE_INFINITY);
	const total = sizes.reduce((sum, size) => sum + size, 0);
	if (total !== ciphertext.size) {
		throw new DecryptionError(
			"stream-malformed",
			`the parts have ${total} bytes, and the file ${ciphertext.size}`,
		);
	}
	const lengths = sizes.map((size) =>
		plaintextLength(size, format.segmentBytes),
	);
	const before = lengths.slice(0, -1);
	const tail = await ciphertext.read(
		total - Math.min(sizes.at(-1) ?? 0, longestTerminator),
		total,
	);
	if (before.length > 0 && ends(object, before, tail))
		return { lengths: complete(before), terminated: true };
	return { lengths: complete(lengths), terminated: false };
}

/** Every byte given to `write` is authenticated. @throws DecryptionError where the object is not whole */
export async function openParts(
	{ record, dataKey }: Opened,
	file: FileHandle,
	{ lengths, terminated }: ObjectParts,
	write: Write,
): Promise<void> {
	const { nonce, format, single } = record;
	const { segmentBytes } = format;
	const last = lengths.length - 1;
	const streams = lengths.map((plaintext, index) => ({
		dataKey,
		associatedData:
			single === undefined
				? partAssociatedData(nonce, index + 1, !terminated && index === last)
				: partAssociatedData(nonce, 0, true),
		segmentBytes,
		plaintext,
	}));
	const pieces: Buffer[] = [];
	const opening = openStreams(streams, {
		data: (piece) => pieces.push(piece) > 0,
		end() {},
	});
	const flush = async (): Promise<void> => {
		for (const piece of pieces.splice(0)) await write(piece);
	};
	// Behind the parts there is only a terminator, and it was opened when they were found.
	const size = lengths.reduce(
		(sum, length) => sum + ciphertextLength(length, segmentBytes),
		0,
	);
	const { size: given } = await file.stat();
	// The record alone proves an empty object that the store holds without ciphertext.
	if (single?.plaintext === 0 && given === 0) return;
	if (!terminated && given > size)
		throw new DecryptionError("stream-overlong", "bytes follow the end");
	const chunk = Buffer.alloc(chunkBytes);
	for (let at = 0; at < size; ) {
		const most = Math.min(chunk.length, size - at);
		const { bytesRead } = await file.read(chunk, 0, most, at);
		if (bytesRead === 0) break;
		at += bytesRead;
		try {
			opening.data(chunk.subarray(0, bytesRead));
		} finally {
			await flush();
		}
	}
	opening.end();
	await flush();
}

const longestTerminator = 56 + 16 * 10_000;

function ends(
	object: Parameters<typeof openTerminator>[0],
	lengths: readonly (number | undefined)[],
	bytes: Buffer,
): boolean {
	if (lengths.includes(undefined)) return false;
	try {
		openTerminator(object, lengths as number[], bytes);
		return true;
	} catch (error) {
		// Then it has to be the part that ends the object.
		if (error instanceof DecryptionError) return false;
		throw error;
	}
}

function complete(lengths: readonly (number | undefined)[]): number[] {
	return lengths.map((length) => {
		if (length !== undefined) return length;
		throw new DecryptionError("stream-malformed", "a part of no valid length");
	});
}

async function ciphertextOf(file: FileHandle): Promise<Ciphertext> {
	const { size } = await file.stat();
	return {
		size,
		async read(start, end) {
			const bytes = Buffer.alloc(end - start);
			for (let at = 0; at < bytes.length; ) {
				const left = bytes.length - at;
				const { bytesRead } = await file.read(bytes, at, left, start + at);
				if (bytesRead === 0)
					throw new DecryptionError("stream-truncated", "the file ends");
				at += bytesRead;
			}
			return bytes;
		},
	};
}
