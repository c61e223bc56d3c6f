/** What the objects of the bench hold: one pattern, so that every byte of an answer can be told. */
import { createCipheriv, createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Upload } from "./wire.ts";

export const mebibyte = 1024 * 1024;

/** Repeats in every object. Noise, since stores may compress, and the same in every run. */
export const pattern = createCipheriv(
	"aes-128-ctr",
	Buffer.alloc(16, 1),
	Buffer.alloc(16),
).update(Buffer.alloc(mebibyte));

/** `bytes` of the pattern from its start: whole mebibytes, or less than one. */
export function plainUpload(bytes: number): Upload {
	return { block: blockOf(bytes), times: timesOf(bytes), tail: undefined };
}

const chunkBytes = 64 * 1024;

/** As SDKs frame a body with a trailer: unsigned chunks of 64 KiB and a CRC32 behind them. */
export function trailerUpload(bytes: number): Upload {
	const content = blockOf(bytes);
	const pieces: Buffer[] = [];
	for (let at = 0; at < content.length; at += chunkBytes) {
		const piece = content.subarray(at, at + chunkBytes);
		pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece);
		pieces.push(Buffer.from("\r\n"));
	}
	let checksum = 0;
	for (let time = 0; time < timesOf(bytes); time++)
		checksum = crc32(content, checksum);
	const value = Buffer.alloc(4);
	value.writeUInt32BE(checksum);
	const trailer = `0\r\nx-amz-checksum-crc32:${value.toString("base64")}\r\n\r\n`;
	return {
		block: Buffer.concat(pieces),
		times: timesOf(bytes),
		tail: Buffer.from(trailer),
	};
}

export function bytesOf({ block, times, tail }: Upload): number {
	return block.length * times + (tail?.length ?? 0);
}

function blockOf(bytes: number): Buffer {
	return bytes < mebibyte ? pattern.subarray(0, bytes) : pattern;
}

function timesOf(bytes: number): number {
	return Math.max(1, bytes / mebibyte);
}

/** SHA-256 of `bytes` of the repeated pattern from `start` on. */
export function digestOf(start: number, bytes: number): string {
	const hash = createHash("sha256");
	for (let at = start; at < start + bytes; ) {
		const from = at % mebibyte;
		const take = Math.min(mebibyte - from, start + bytes - at);
		hash.update(pattern.subarray(from, from + take));
		at += take;
	}
	return hash.digest("hex");
}

export function hashing(): { hash: Hash; take: (chunk: Buffer) => void } {
	const hash = createHash("sha256");
	return { hash, take: (chunk) => void hash.update(chunk) };
}
