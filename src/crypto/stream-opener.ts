/** Streams, or ranges of them, to plaintext as they flow. Only bytes whose tag was verified are put out. */
import { createDecipheriv, type KeyObject } from "node:crypto";
import { DecryptionError } from "./decryption-error.ts";
import {
	headerBytes,
	type Span,
	segmentCount,
	spanOf,
	tagBytes,
} from "./stream-arithmetic.ts";
import { StreamKey } from "./stream-key.ts";
import type { Sink, Transform } from "./stream-sealer.ts";

export interface OpenOptions {
	readonly dataKey: KeyObject;
	readonly associatedData: Buffer;
	readonly segmentBytes: number;
	/** Of the whole stream, in bytes. A claim: the last segment proves it when it is opened. */
	readonly plaintext: number;
	/** The segments that will come; the whole stream where it is absent. */
	readonly span?: Span;
	/** The stream's header where it is known already; else the ciphertext begins with it, and the span with segment 0. */
	readonly header?: Buffer;
}

/**
 * Opens the streams, or spans of them, that come one behind the other: the parts of an object.
 * Holds at most one segment. `data` and `end` throw DecryptionError; what was put out before remains true.
 */
export function openStreams(
	streams: Iterable<OpenOptions>,
	to: Sink,
): Transform {
	const coming = streams[Symbol.iterator]();
	let ready = true;
	const emit = (piece: Buffer): void => {
		ready = to.data(piece, true);
	};
	const next = (): StreamOpener | undefined => {
		const { value, done } = coming.next();
		return done ? undefined : new StreamOpener(value, emit);
	};
	let current = next();
	return {
		data(chunk) {
			ready = true;
			for (let offset = 0; offset < chunk.length; ) {
				if (current === undefined) {
					throw new DecryptionError("stream-overlong", "bytes follow the end");
				}
				offset += current.write(chunk, offset);
				if (current.complete) current = next();
			}
			return ready;
		},
		end() {
			if (current !== undefined) {
				throw new DecryptionError("stream-truncated", current.place);
			}
			to.end();
		},
	};
}

class StreamOpener {
	readonly #options: OpenOptions;
	readonly #emit: (piece: Buffer) => void;
	readonly #span: Span;
	readonly #final: number;
	#key: StreamKey | undefined;
	#segment: number;
	/** Ciphertext that came without the rest of its segment, or header: reused for each. */
	#held: Buffer | undefined;
	#holds = 0;
	#skip: number;
	#take: number;

	constructor(options: OpenOptions, emit: (piece: Buffer) => void) {
		const { plaintext, segmentBytes } = options;
		this.#options = options;
		this.#emit = emit;
		this.#span = options.span ?? spanOf(0, plaintext, plaintext, segmentBytes);
		this.#final = segmentCount(plaintext, segmentBytes) - 1;
		this.#segment = this.#span.first;
		this.#skip = this.#span.skip;
		this.#take = this.#span.take;
	}

	get complete(): boolean {
		return this.#segment > this.#span.last;
	}

	get place(): string {
		return `at segment ${this.#segment} of ${this.#final + 1}`;
	}

	/** Takes the rest of a segment, or as much of it as there is. @returns how many bytes it took */
	write(chunk: Buffer, offset: number): number {
		const { header } = this.#options;
		if (header !== undefined) this.#key ??= this.#derive(header);
		const wanted = this.#wanted();
		const bytes = Math.min(wanted - this.#holds, chunk.length - offset);
		const piece = chunk.subarray(offset, offset + bytes);
		if (bytes === wanted) {
			this.#use(piece);
			return bytes;
		}
		this.#held ??= Buffer.allocUnsafeSlow(this.#longest());
		this.#held.set(piece, this.#holds);
		this.#holds += bytes;
		if (this.#holds === wanted) {
			this.#holds = 0;
			this.#use(this.#held.subarray(0, wanted));
		}
		return bytes;
	}

	#wanted(): number {
		if (this.#key === undefined) return headerBytes;
		const { segmentBytes, plaintext } = this.#options;
		const before = this.#segment * segmentBytes;
		const full = Math.min(segmentBytes, plaintext + headerBytes - before);
		return full + tagBytes - (this.#segment === 0 ? headerBytes : 0);
	}

	#longest(): number {
		const whole = this.#span.end - this.#span.start;
		const most = Math.min(whole, this.#options.segmentBytes + tagBytes);
		return Math.max(most, headerBytes);
	}

	#use(bytes: Buffer): void {
		if (this.#key === undefined) this.#key = this.#derive(bytes);
		else this.#open(bytes, this.#key);
	}

	#derive(header: Buffer): StreamKey {
		const { dataKey, associatedData } = this.#options;
		return new StreamKey(dataKey, header, associatedData);
	}

	#open(bytes: Buffer, key: StreamKey): void {
		const decipher = createDecipheriv(
			"aes-256-gcm",
			key.key,
			key.nonce(this.#segment, this.#segment === this.#final),
			{ authTagLength: tagBytes },
		);
		const text = bytes.length - tagBytes;
		decipher.setAuthTag(bytes.subarray(text));
		const plain = decipher.update(bytes.subarray(0, text));
		try {
			decipher.final();
		} catch (error) {
			throw new DecryptionError("segment-broken", this.place, error);
		}
		this.#segment++;
		const wanted = plain.subarray(this.#skip, this.#skip + this.#take);
		this.#skip = 0;
		this.#take -= wanted.length;
		if (wanted.length > 0) this.#emit(wanted);
	}
}
