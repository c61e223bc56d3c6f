/**
 * `sealgate/reader`: opens format t1 where there is no node:crypto, as in a browser or an edge runtime. For reading now
 * and then: its AES runs at a hundredth of the gateway's speed and does not hide its timing. docs/format.md is the format.
 */
import { objectSpan } from "../crypto/object-arithmetic.ts";
import { type Span, spanOf } from "../crypto/stream-arithmetic.ts";
import { concat, sha256 } from "./bytes.ts";
import { openSealedKey, type ReadRecord, readRecord } from "./record.ts";
import { Source } from "./source.ts";
import { openStream, type Place } from "./stream.ts";

/** The 32 bytes of the wrapping key, from whoever holds the key that wrapped it. */
export type Unwrap = (
	wrapped: Uint8Array,
	keyId: string,
	/** Whether the provider's context names the object key, too: docs/format.md, "Wrapped key". */
	objectScope: boolean,
) => Promise<Uint8Array>;

/** Ciphertext of the object from `start` up to `end`, exclusive. */
export interface ByteRange {
	readonly start: number;
	readonly end: number;
}

/**
 * @param record value of `x-amz-meta-sealgate`
 * @param bucket the bound bucket: the bucket's name, unless the gateway was told otherwise
 * @throws Error where it is no record of this bucket and key, or the wrapping key is another
 */
export async function openObject(
	record: string,
	bucket: string,
	key: string,
	unwrap: Unwrap,
): Promise<ObjectReader> {
	const read = readRecord(record);
	const { wrappedKey, keyId, objectScope } = read;
	const wrappingKey = await unwrap(wrappedKey, keyId, objectScope);
	const opened = await openSealedKey(read, wrappingKey, bucket, key);
	return new ObjectReader(read, opened.dataKey, opened.headers);
}

export class ObjectReader {
	readonly #record: ReadRecord;
	readonly #dataKey: Uint8Array;
	/** Headers that `sealMetadata` sealed; values are latin1. */
	readonly headers: ReadonlyMap<string, string>;

	constructor(
		record: ReadRecord,
		dataKey: Uint8Array,
		headers: ReadonlyMap<string, string>,
	) {
		this.#record = record;
		this.#dataKey = dataKey;
		this.headers = headers;
	}

	/** In bytes; `undefined` where the object came in parts. */
	get plaintext(): number | undefined {
		return this.#record.plaintext;
	}

	/**
	 * The whole object. Every piece is authentic; that none is missing is known only when this ends without an error.
	 * @param lengths of an object of parts: their plaintext in bytes, without the terminator
	 */
	async *decrypt(
		ciphertext: AsyncIterable<Uint8Array>,
		lengths?: readonly number[],
	): AsyncGenerator<Uint8Array> {
		const source = new Source(ciphertext);
		const table = this.#table(lengths);
		// The record alone proves an empty object that the store holds without ciphertext.
		if (this.#record.plaintext === 0 && (await source.isEmpty())) return;
		let final = 0;
		for (const [index, plaintext] of table.entries()) {
			const place = this.#place(index, table.length);
			const span = this.#whole(plaintext);
			final = yield* this.#open(source, place, plaintext, span);
		}
		if (final === 0) await this.#proveEnd(source, table);
		if ((await source.upTo(1)).length > 0) {
			throw new Error("bytes follow the end of the object");
		}
	}

	/**
	 * What has to be fetched for the plaintext from `start` up to `end`, exclusive: one range, or the header of a part
	 * and then one range.
	 */
	rangesFor(
		start: number,
		end: number,
		lengths?: readonly number[],
	): readonly ByteRange[] {
		const span = this.#span(start, end, lengths);
		const headerAt = span.parts[0]?.headerAt;
		const range = { start: span.start, end: span.end };
		if (headerAt === undefined || this.#record.header !== undefined) {
			return [range];
		}
		return [{ start: headerAt, end: headerAt + 40 }, range];
	}

	/**
	 * The plaintext of a range. Authentic at its place within its parts; where the parts lie is the word of whoever gave
	 * `lengths`.
	 * @param ciphertext of `rangesFor`, in its order
	 */
	async decryptRange(
		start: number,
		end: number,
		ciphertext: readonly Uint8Array[],
		lengths?: readonly number[],
	): Promise<Uint8Array> {
		const span = this.#span(start, end, lengths);
		const count = this.#table(lengths).length;
		const inside = span.parts[0]?.headerAt !== undefined;
		const known = inside ? this.#record.header : undefined;
		const source = new Source(
			each(known === undefined ? ciphertext : [known, ...ciphertext]),
		);
		const pieces: Uint8Array[] = [];
		for (const part of span.parts) {
			const place = this.#place(part.index, count);
			for await (const piece of this.#open(
				source,
				place,
				part.plaintext,
				part.span,
			)) {
				pieces.push(piece);
			}
		}
		return concat(...pieces);
	}

	#table(lengths: readonly number[] | undefined): readonly number[] {
		const { plaintext } = this.#record;
		if (plaintext !== undefined) return [plaintext];
		if (lengths === undefined || lengths.length === 0) {
			throw new Error("an object of parts needs the lengths of its parts");
		}
		return lengths;
	}

	#span(start: number, end: number, lengths?: readonly number[]) {
		const table = this.#table(lengths);
		const size = table.reduce((sum, length) => sum + length, 0);
		if (!(start >= 0 && start < end && end <= size)) {
			throw new Error(`the object has no bytes from ${start} to ${end}`);
		}
		return objectSpan(table, start, end, this.#record.format.segmentBytes);
	}

	#whole(plaintext: number): Span {
		const { segmentBytes } = this.#record.format;
		return spanOf(0, plaintext, plaintext, segmentBytes);
	}

	#place(index: number, count: number): Place {
		if (this.#record.plaintext !== undefined) return { part: 0, places: [1] };
		const part = index + 1;
		// The last part says itself whether it ends the object, or a terminator does.
		return { part, places: part === count ? [1, 0] : [0] };
	}

	/** @returns the place of the stream */
	#open(
		source: Source,
		place: Place,
		plaintext: number,
		span: Span,
	): AsyncGenerator<Uint8Array, number> {
		const { format, nonce } = this.#record;
		const { segmentBytes } = format;
		const dataKey = this.#dataKey;
		const stream = { dataKey, nonce, segmentBytes, place, plaintext, span };
		return openStream(source, stream);
	}

	async #proveEnd(source: Source, lengths: readonly number[]): Promise<void> {
		const table = new DataView(new ArrayBuffer(4 + 8 * lengths.length));
		table.setUint32(0, lengths.length);
		for (const [index, length] of lengths.entries()) {
			table.setBigUint64(4 + 8 * index, BigInt(length));
		}
		const place = {
			part: lengths.length + 1,
			places: [2, 3],
			table: await sha256(new Uint8Array(table.buffer)),
		};
		await this.#open(source, place, 0, this.#whole(0)).next();
		const padding = await source.upTo(16 * lengths.length);
		if (padding.some((byte) => byte !== 0)) {
			throw new Error("the padding at the end of the object is not zero");
		}
	}
}

async function* each(pieces: readonly Uint8Array[]) {
	yield* pieces;
}
