/**
 * Takes the aws-chunked framing off a body as it flows, and proves its chunk and trailer signatures. A chunk is never
 * held: it may be as large as the part. Its bytes are therefore passed on before they are proven, and whoever
 * receives them must not publish anything before `end` has returned.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */
import { createHash, type Hash, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import { type ChunkSeed, ChunkSigner } from "./chunk-signature.ts";

export interface DecoderOptions {
	/** Present where signatures can be checked. */
	readonly seed?: ChunkSeed;
	/** Whether chunks must carry signatures. */
	readonly signed: boolean;
	/** `x-amz-decoded-content-length` */
	readonly decodedLength: number;
	/** The announced trailer, lower case. */
	readonly trailerName?: string;
	readonly emit: (piece: Buffer) => boolean;
}

const longestLine = 1_024;
const mostTrailerLines = 16;

type State = "size" | "data" | "data-end" | "trailer" | "over";

export class AwsChunkedDecoder {
	readonly #options: DecoderOptions;
	readonly #signer: ChunkSigner | undefined;
	#state: State = "size";
	#line = "";
	#left = 0;
	#decoded = 0;
	#hash: Hash | undefined;
	#signature: string | undefined;
	#lines = 0;
	#trailers: [string, string][] = [];
	#trailerSignature: string | undefined;

	constructor(options: DecoderOptions) {
		this.#options = options;
		this.#signer = options.seed && new ChunkSigner(options.seed);
	}

	/** The announced trailer, once `end` has returned. */
	get trailer(): { name: string; value: string } | undefined {
		const found = this.#trailers.find(
			([name]) => name === this.#options.trailerName,
		);
		return found && { name: found[0], value: found[1] };
	}

	/** @returns false where the receiver asked for a pause. @throws SealgateError */
	write(chunk: Buffer): boolean {
		let ready = true;
		let offset = 0;
		while (offset < chunk.length) {
			if (this.#state === "data") {
				const piece = chunk.subarray(offset, offset + this.#left);
				offset += piece.length;
				this.#left -= piece.length;
				this.#hash?.update(piece);
				ready = this.#options.emit(piece);
				if (this.#left === 0) this.#endOfData();
			} else {
				offset = this.#readLine(chunk, offset);
			}
		}
		return ready;
	}

	/** @throws SealgateError where the body is cut short or its trailer is not the one announced */
	end(): void {
		// Some clients leave out the last line end, and with it the line it would end.
		if (this.#state === "trailer" && this.#line !== "") this.#lineRead();
		if (
			(this.#state !== "trailer" && this.#state !== "over") ||
			this.#decoded !== this.#options.decodedLength
		) {
			throw incomplete();
		}
		this.#checkTrailers();
	}

	#endOfData(): void {
		this.#state = "data-end";
		if (this.#hash !== undefined) this.#proveChunk(this.#hash.digest("hex"));
	}

	#proveChunk(hash: string): void {
		if (this.#signer === undefined) return;
		prove(this.#signer.chunk(hash), this.#signature);
	}

	/** Reads up to a line feed and acts on the line. @returns the offset behind what was read */
	#readLine(chunk: Buffer, offset: number): number {
		const feed = chunk.indexOf(10, offset);
		const stop = feed < 0 ? chunk.length : feed;
		if (this.#line.length + stop - offset > longestLine) {
			throw malformed("a line of the framing is too long");
		}
		this.#line += chunk.toString("latin1", offset, stop);
		if (feed < 0) return chunk.length;
		this.#lineRead();
		return feed + 1;
	}

	#lineRead(): void {
		const line = this.#line.endsWith("\r")
			? this.#line.slice(0, -1)
			: this.#line;
		this.#line = "";
		if (this.#state === "data-end") {
			if (line !== "") throw malformed("a chunk is longer than it said");
			this.#state = "size";
		} else if (this.#state === "size") {
			this.#sizeRead(line);
		} else if (this.#state === "trailer") {
			this.#trailerRead(line);
		} else if (line !== "") {
			throw malformed("bytes follow the end");
		}
	}

	#sizeRead(line: string): void {
		const match =
			/^([0-9a-f]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/i.exec(line);
		if (match === null) throw malformed("a chunk has no valid size");
		const size = Number.parseInt(match[1] as string, 16);
		this.#signature = match[2];
		if (this.#options.signed !== (this.#signature !== undefined)) {
			throw malformed("chunk signatures are not as announced");
		}
		if (this.#decoded + size > this.#options.decodedLength) throw incomplete();
		this.#decoded += size;
		this.#left = size;
		this.#hash = this.#signer && createHash("sha256");
		if (size > 0) {
			this.#state = "data";
			return;
		}
		if (this.#hash !== undefined) this.#proveChunk(this.#hash.digest("hex"));
		this.#state = "trailer";
	}

	/** Encoders differ in how many empty lines they put around the trailer. */
	#trailerRead(line: string): void {
		if (++this.#lines > mostTrailerLines) throw badTrailer();
		if (line === "") return;
		const colon = line.indexOf(":");
		if (colon < 1) throw badTrailer();
		const name = line.slice(0, colon).trim().toLowerCase();
		const value = line.slice(colon + 1).trim();
		if (name === "x-amz-trailer-signature") {
			if (this.#trailerSignature !== undefined) throw badTrailer();
			this.#trailerSignature = value;
			return;
		}
		if (name !== this.#options.trailerName || this.#trailers.length > 0) {
			throw badTrailer();
		}
		this.#trailers.push([name, value]);
	}

	#checkTrailers(): void {
		const announced = this.#options.trailerName !== undefined;
		if (announced !== this.#trailers.length > 0) throw badTrailer();
		if (!announced || this.#signer === undefined) return;
		const text = this.#trailers
			.map(([name, value]) => `${name}:${value}\n`)
			.join("");
		prove(this.#signer.trailer(text), this.#trailerSignature);
	}
}

function prove(expected: string, given: string | undefined): void {
	const claimed = Buffer.from(given ?? "");
	const right = Buffer.from(expected);
	if (claimed.length === right.length && timingSafeEqual(claimed, right))
		return;
	throw new SealgateError(
		"signature-mismatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.",
	);
}

function incomplete(): SealgateError {
	return new SealgateError(
		"body-incomplete",
		"You did not provide the number of bytes specified by the Content-Length HTTP header",
	);
}

function malformed(what: string): SealgateError {
	return new SealgateError(
		"body-incomplete",
		`The request body terminated unexpectedly: ${what}.`,
	);
}

function badTrailer(): SealgateError {
	return new SealgateError(
		"trailer-malformed",
		"The request contained trailing data that was not well-formed or did not conform to our published schema.",
	);
}
