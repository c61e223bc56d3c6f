/**
 * An object too large for memory is read twice: once to authenticate it, once to decrypt it. Between the two a store can
 * change its bytes, and GCM would tell at the end only. So the first pass notes SHA-256 of each piece of the ciphertext, and
 * the second puts out no byte of a piece before the piece has that hash.
 */
import { createDecipheriv, createHash, type Hash } from "node:crypto";
import { DecryptionError } from "../decryption-error.ts";
import { tagBytes } from "../stream-arithmetic.ts";
import type { Sink, Transform } from "../stream-sealer.ts";
import type { ContentCipher } from "./content-key.ts";
import { s3ecPlaintextLength } from "./format.ts";
import { broken } from "./whole-stream.ts";

/** Plaintext of a piece, but for the last one; the second pass holds one. A multiple of 16. */
export const pieceBytes = 2 ** 20;
const hashBytes = 32;

/** What the first pass has proven. */
export interface Proof {
	/** In bytes. */
	readonly plaintext: number;
	/** Of the pieces, one behind the other. */
	readonly hashes: Buffer;
}

/**
 * The first pass. Keeps 32 bytes for each MiB; puts nothing out but the end, and before it tells the proof.
 * @param ciphertext how many bytes will come
 * @throws DecryptionError `stream-malformed`; `data` and `end` throw `content-broken`, `stream-overlong`, `stream-truncated`
 */
export function proveWhole(
	{ key, nonce, associatedData }: ContentCipher,
	ciphertext: number,
	proven: (proof: Proof) => void,
	to: Pick<Sink, "end">,
): Transform {
	const plaintext = s3ecPlaintextLength(ciphertext);
	const options = { authTagLength: tagBytes };
	const decipher = createDecipheriv("aes-256-gcm", key, nonce, options);
	decipher.setAAD(associatedData);
	const pieces = new Pieces(plaintext);
	const tag = Buffer.alloc(tagBytes);
	let seen = 0;
	return {
		data(chunk) {
			const content = chunk.subarray(0, Math.max(0, plaintext - seen));
			const rest = chunk.subarray(content.length);
			decipher.update(content).fill(0);
			pieces.add(content);
			if (seen + chunk.length > ciphertext) {
				throw new DecryptionError("stream-overlong", "bytes follow the tag");
			}
			rest.copy(tag, Math.max(0, seen - plaintext));
			seen += chunk.length;
			return true;
		},
		end() {
			if (seen < ciphertext) {
				throw new DecryptionError("stream-truncated", `${seen} bytes came`);
			}
			decipher.setAuthTag(tag);
			try {
				decipher.final();
			} catch (error) {
				throw broken(error);
			}
			proven({ plaintext, hashes: pieces.end() });
			to.end();
		},
	};
}

class Pieces {
	readonly #hashes: Buffer;
	#hash: Hash = createHash("sha256");
	#count = 0;
	#size = 0;

	constructor(plaintext: number) {
		this.#hashes = Buffer.alloc(Math.ceil(plaintext / pieceBytes) * hashBytes);
	}

	add(content: Buffer): void {
		for (let offset = 0; offset < content.length; ) {
			const size = Math.min(pieceBytes - this.#size, content.length - offset);
			this.#hash.update(content.subarray(offset, offset + size));
			offset += size;
			this.#size += size;
			if (this.#size === pieceBytes) this.#close();
		}
	}

	end(): Buffer {
		if (this.#size > 0) this.#close();
		return this.#hashes;
	}

	#close(): void {
		this.#hash.digest().copy(this.#hashes, this.#count++ * hashBytes);
		this.#hash = createHash("sha256");
		this.#size = 0;
	}
}

export interface Stretch {
	/** Bytes from the beginning, equally of plaintext and ciphertext. */
	readonly start: number;
	/** Exclusive. */
	readonly end: number;
}

/** The pieces that hold a stretch of the plaintext. */
export function piecesOf(
	{ start, end }: Stretch,
	{ plaintext }: Proof,
): Stretch {
	return {
		start: Math.floor(start / pieceBytes) * pieceBytes,
		end: Math.min(Math.ceil(end / pieceBytes) * pieceBytes, plaintext),
	};
}

/**
 * The second pass: takes the ciphertext of `piecesOf(wanted)` and puts out the plaintext of `wanted`.
 * @throws nothing; `data` and `end` throw DecryptionError `object-swapped`, `stream-overlong`, `stream-truncated`
 */
export function openProven(
	{ key, nonce }: ContentCipher,
	proof: Proof,
	wanted: Stretch,
	to: Sink,
): Transform {
	const { start, end } = piecesOf(wanted, proof);
	// GCM is counter mode from block 2 on. NIST SP 800-38D, 7.1.
	const counter = Buffer.alloc(16);
	nonce.copy(counter);
	counter.writeUInt32BE(2 + start / 16, 12);
	const decipher = createDecipheriv("aes-256-ctr", key, counter);
	const held = Buffer.allocUnsafe(Math.min(pieceBytes, end - start));
	let at = start;
	let size = 0;
	const release = (): boolean => {
		const piece = held.subarray(0, size);
		const from = (at / pieceBytes) * hashBytes;
		const hash = createHash("sha256").update(piece).digest();
		if (!hash.equals(proof.hashes.subarray(from, from + hashBytes))) {
			throw new DecryptionError(
				"object-swapped",
				`the store answered other bytes at ${at} than those that were authenticated`,
			);
		}
		const plain = decipher.update(piece);
		const first = Math.max(0, wanted.start - at);
		const last = Math.min(size, wanted.end - at);
		at += size;
		size = 0;
		return to.data(plain.subarray(first, last), true);
	};
	return {
		data(chunk) {
			let ready = true;
			for (let offset = 0; offset < chunk.length; ) {
				const due = Math.min(pieceBytes, end - at);
				if (due === 0) {
					throw new DecryptionError("stream-overlong", "more than was asked");
				}
				const taken = Math.min(due - size, chunk.length - offset);
				chunk.copy(held, size, offset, offset + taken);
				offset += taken;
				size += taken;
				if (size === due) ready = release();
			}
			return ready;
		},
		end() {
			if (at < end) {
				throw new DecryptionError("stream-truncated", `ended at ${at + size}`);
			}
			to.end();
		},
	};
}
