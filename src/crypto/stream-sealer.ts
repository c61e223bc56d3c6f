/** Plaintext to one stream, as it flows. */
import { type CipherGCM, createCipheriv, type KeyObject } from "node:crypto";
import { SealgateError } from "../errors.ts";
import { headerBytes, segmentCount, tagBytes } from "./stream-arithmetic.ts";
import { StreamKey } from "./stream-key.ts";

/** Where a stage's output goes; a `Receiver` of http/body.ts is one. */
export interface Sink {
	/** @param given whether the piece is the sink's own from now on; else it is lent */
	data(piece: Buffer, given?: boolean): boolean;
	end(): void;
}

/** As `Stage` of http/body.ts. A chunk is lent: nothing of it is held when `data` returns. */
export interface Transform {
	data(chunk: Buffer): boolean;
	end(): void;
}

export interface SealOptions {
	readonly dataKey: KeyObject;
	/** A header of its own for each stream: `newStreamHeader`. */
	readonly header: Buffer;
	readonly associatedData: Buffer;
	readonly segmentBytes: number;
	/** Exactly how many bytes will come: the last segment is marked, so its place must be known. */
	readonly plaintext: number;
}

/**
 * Puts out `ciphertextLength` bytes. Seals as the bytes come; holds no more than a cipher's state.
 * `data` and `end` throw SealgateError `body-incomplete` where more or fewer bytes come than were announced.
 */
export function sealStream(options: SealOptions, to: Sink): Transform {
	return new StreamSealer(options, to);
}

class StreamSealer implements Transform {
	readonly #options: SealOptions;
	readonly #to: Sink;
	readonly #key: StreamKey;
	readonly #last: number;
	#begun = false;
	#segment = 0;
	#cipher: CipherGCM | undefined;
	/** Plaintext bytes still to come: of the segment and of the stream. */
	#room: number;
	#left: number;

	constructor(options: SealOptions, to: Sink) {
		this.#options = options;
		this.#to = to;
		this.#key = new StreamKey(
			options.dataKey,
			options.header,
			options.associatedData,
		);
		this.#last = segmentCount(options.plaintext, options.segmentBytes) - 1;
		this.#left = options.plaintext;
		this.#room = options.segmentBytes - headerBytes;
	}

	data(chunk: Buffer): boolean {
		if (chunk.length > this.#left) throw incomplete();
		let ready = this.#begin();
		let offset = 0;
		while (offset < chunk.length) {
			const size = Math.min(this.#room, chunk.length - offset);
			const piece = chunk.subarray(offset, offset + size);
			ready = this.#to.data(this.#open().update(piece), true);
			offset += size;
			this.#room -= size;
			this.#left -= size;
			if (this.#room === 0 || this.#left === 0) ready = this.#close();
		}
		return ready;
	}

	end(): void {
		if (this.#left > 0) throw incomplete();
		this.#begin();
		// Only the segment of an empty stream has had no byte to close it.
		if (this.#segment <= this.#last) {
			this.#open();
			this.#close();
		}
		this.#to.end();
	}

	#begin(): boolean {
		if (this.#begun) return true;
		this.#begun = true;
		return this.#to.data(this.#options.header);
	}

	#open(): CipherGCM {
		this.#cipher ??= createCipheriv(
			"aes-256-gcm",
			this.#key.key,
			this.#key.nonce(this.#segment, this.#segment === this.#last),
			{ authTagLength: tagBytes },
		);
		return this.#cipher;
	}

	#close(): boolean {
		const cipher = this.#open();
		cipher.final();
		this.#cipher = undefined;
		this.#segment++;
		this.#room = this.#options.segmentBytes;
		return this.#to.data(cipher.getAuthTag(), true);
	}
}

function incomplete(): SealgateError {
	return new SealgateError(
		"body-incomplete",
		"You did not provide the number of bytes specified by the Content-Length HTTP header",
	);
}
