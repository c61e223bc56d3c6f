/** One stream, or a span of it, opened by @noble/ciphers. docs/format.md, "Stream" and "Associated data". */
import { gcm } from "@noble/ciphers/aes.js";
import {
	type Span,
	segmentCount,
	tagBytes,
} from "../crypto/stream-arithmetic.ts";
import { concat, hkdf, utf8 } from "./bytes.ts";
import type { Source } from "./source.ts";

/** Where a stream stands: its part, and what its place may be. */
export interface Place {
	readonly part: number;
	readonly places: readonly number[];
	/** Of a terminator: the hash of the part table. */
	readonly table?: Uint8Array;
}

export interface StreamOptions {
	readonly dataKey: Uint8Array;
	/** The object's. */
	readonly nonce: Uint8Array;
	readonly segmentBytes: number;
	readonly place: Place;
	/** Of the whole stream, in bytes. */
	readonly plaintext: number;
	readonly span: Span;
}

/**
 * Takes the header and the span's segments.
 * @returns which place the stream has
 * @throws Error where it has none of them, or is cut or altered
 */
export async function* openStream(
	source: Source,
	options: StreamOptions,
): AsyncGenerator<Uint8Array, number> {
	const { plaintext, segmentBytes, span } = options;
	const header = await source.take(40);
	if (header[0] !== 40) throw new Error("no stream begins here");
	const final = segmentCount(plaintext, segmentBytes) - 1;
	let found: { place: number; key: Uint8Array } | undefined;
	let { skip, take } = span;
	for (let index = span.first; index <= span.last; index++) {
		const before = Math.max(0, index * segmentBytes - 40);
		const behind = Math.min((index + 1) * segmentBytes - 40, plaintext);
		const text = await source.take(behind - before + tagBytes);
		const nonce = segmentNonce(header, index, index === final);
		found ??= await findPlace(options, header, nonce, text);
		const plain = gcm(found.key, nonce).decrypt(text);
		const wanted = plain.subarray(skip, skip + take);
		skip = 0;
		take -= wanted.length;
		if (wanted.length > 0) yield wanted;
	}
	return found?.place ?? 0;
}

/** The place whose key opens the segment. */
async function findPlace(
	options: StreamOptions,
	header: Uint8Array,
	nonce: Uint8Array,
	text: Uint8Array,
): Promise<{ place: number; key: Uint8Array }> {
	const { part, places, table = new Uint8Array() } = options.place;
	const tail = new DataView(new ArrayBuffer(5));
	tail.setUint32(0, part);
	for (const place of places) {
		tail.setUint8(4, place);
		const bound = concat(
			utf8("sealgate/t1\0"),
			options.nonce,
			new Uint8Array(tail.buffer),
			table,
		);
		const salt = header.subarray(1, 33);
		const key = await hkdf("SHA-256", options.dataKey, salt, bound, 32);
		try {
			gcm(key, nonce).decrypt(text);
			return { place, key };
		} catch {
			// Of another place, or of none: the next one tells.
		}
	}
	throw new Error("a stream is cut, altered or not at its place");
}

function segmentNonce(
	header: Uint8Array,
	index: number,
	last: boolean,
): Uint8Array {
	const nonce = new Uint8Array(12);
	nonce.set(header.subarray(33));
	new DataView(nonce.buffer).setUint32(7, index);
	nonce[11] = last ? 1 : 0;
	return nonce;
}
