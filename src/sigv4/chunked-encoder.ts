/** Frames a body of known length as aws-chunked, without holding it where no signature asks for that. */
import { createHash } from "node:crypto";
import { type ChunkSeed, ChunkSigner } from "./chunk-signature.ts";

/** Bytes of a chunk. S3 wants at least 8 KiB in each but the last; some stores take at most 16 MiB. */
const trailerChunk = 1024 * 1024;
const signedChunk = 64 * 1024;
/** `;chunk-signature=` and 64 hex digits. */
const signatureLength = 81;

export type EncoderOptions = {
	readonly decodedLength: number;
	/** Takes each piece, as `Receiver.data` of http/body.ts does; `false` asks for a pause. */
	readonly emit: (piece: Buffer, given: boolean) => boolean;
} & (
	| { readonly mode: "trailer"; readonly trailerName: string }
	| { readonly mode: "signed-chunks"; readonly seed: ChunkSeed }
);

/**
 * Bytes of the framed body.
 * @param trailerName and `trailerValueLength` for the mode `trailer`
 */
export function encodedLength(
	mode: "trailer" | "signed-chunks",
	decodedLength: number,
	trailerName = "",
	trailerValueLength = 0,
): number {
	const size = mode === "trailer" ? trailerChunk : signedChunk;
	const extra = mode === "trailer" ? 0 : signatureLength;
	const frame = (bytes: number): number =>
		bytes.toString(16).length + extra + 2;
	const full = Math.floor(decodedLength / size);
	const rest = decodedLength % size;
	const chunks =
		full * (frame(size) + size + 2) + (rest > 0 ? frame(rest) + rest + 2 : 0);
	const end =
		mode === "trailer" ? trailerName.length + 1 + trailerValueLength + 4 : 2;
	return chunks + frame(0) + end;
}

export class AwsChunkedEncoder {
	readonly #options: EncoderOptions;
	readonly #signer: ChunkSigner | undefined;
	#left: number;
	/** Bytes that the chunk begun still wants. */
	#inChunk = 0;
	#held: Buffer[] = [];
	#heldBytes = 0;

	constructor(options: EncoderOptions) {
		this.#options = options;
		this.#left = options.decodedLength;
		this.#signer =
			options.mode === "signed-chunks"
				? new ChunkSigner(options.seed)
				: undefined;
	}

	/** @throws RangeError when more comes than was declared */
	write(chunk: Buffer, given = false): boolean {
		if (chunk.length > this.#left)
			throw new RangeError("the body is longer than declared");
		return this.#signer === undefined
			? this.#frame(chunk, given)
			: this.#hold(chunk, given);
	}

	/**
	 * @param trailerValue for the mode `trailer`
	 * @throws RangeError when less came than was declared
	 */
	end(trailerValue = ""): void {
		if (this.#left > 0)
			throw new RangeError("the body is shorter than declared");
		const { emit } = this.#options;
		if (this.#options.mode === "trailer") {
			emit(
				Buffer.from(
					`0\r\n${this.#options.trailerName}:${trailerValue}\r\n\r\n`,
					"latin1",
				),
				true,
			);
			return;
		}
		if (this.#heldBytes > 0) this.#emitSigned(Buffer.concat(this.#held));
		this.#emitSigned(Buffer.alloc(0));
	}

	#frame(chunk: Buffer, given: boolean): boolean {
		const { emit } = this.#options;
		const { length } = chunk;
		let ready = true;
		let offset = 0;
		while (offset < length) {
			if (this.#inChunk === 0) {
				this.#inChunk = Math.min(trailerChunk, this.#left);
				const size = `${this.#inChunk.toString(16)}\r\n`;
				emit(Buffer.from(size, "latin1"), true);
			}
			const bytes = Math.min(this.#inChunk, length - offset);
			const piece =
				bytes === length ? chunk : chunk.subarray(offset, offset + bytes);
			ready = emit(piece, given);
			offset += bytes;
			this.#inChunk -= bytes;
			this.#left -= bytes;
			if (this.#inChunk === 0) ready = emit(lineEnd(), true);
		}
		return ready;
	}

	#hold(chunk: Buffer, given: boolean): boolean {
		this.#left -= chunk.length;
		this.#held.push(given ? chunk : Buffer.from(chunk));
		this.#heldBytes += chunk.length;
		if (this.#heldBytes < signedChunk) return true;
		const all = Buffer.concat(this.#held);
		let ready = true;
		let offset = 0;
		for (; all.length - offset >= signedChunk; offset += signedChunk) {
			ready = this.#emitSigned(all.subarray(offset, offset + signedChunk));
		}
		this.#held = offset < all.length ? [all.subarray(offset)] : [];
		this.#heldBytes = all.length - offset;
		return ready;
	}

	#emitSigned(chunk: Buffer): boolean {
		const { emit } = this.#options;
		const hash = createHash("sha256").update(chunk).digest("hex");
		const signature = (this.#signer as ChunkSigner).chunk(hash);
		emit(
			Buffer.from(
				`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`,
				"latin1",
			),
			true,
		);
		if (chunk.length > 0) emit(chunk, true);
		return emit(lineEnd(), true);
	}
}

const lineEnd = (): Buffer => Buffer.from("\r\n", "latin1");
