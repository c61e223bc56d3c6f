/**
 * The chain of signatures over the chunks and the trailer of an aws-chunked body.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
 */
import { createHash, createHmac, type KeyObject } from "node:crypto";
import { type Scope, scopeText } from "./scope.ts";

/** Where the chain begins: the signature of the head. */
export interface ChunkSeed {
	readonly signingKey: KeyObject;
	readonly amzDate: string;
	readonly scope: Scope;
	readonly signature: string;
}

const emptyHash = createHash("sha256").digest("hex");

export class ChunkSigner {
	readonly #seed: ChunkSeed;
	#previous: string;

	constructor(seed: ChunkSeed) {
		this.#seed = seed;
		this.#previous = seed.signature;
	}

	/** @param hash SHA-256 of the chunk's bytes, hex */
	chunk(hash: string): string {
		return this.#next("AWS4-HMAC-SHA256-PAYLOAD", `${emptyHash}\n${hash}`);
	}

	/** @param text `name:value\n` for each trailer, lower case, sorted */
	trailer(text: string): string {
		const hash = createHash("sha256").update(text, "latin1").digest("hex");
		return this.#next("AWS4-HMAC-SHA256-TRAILER", hash);
	}

	#next(algorithm: string, tail: string): string {
		const { amzDate, scope, signingKey } = this.#seed;
		const text = `${algorithm}\n${amzDate}\n${scopeText(scope)}\n${this.#previous}\n${tail}`;
		this.#previous = createHmac("sha256", signingKey)
			.update(text)
			.digest("hex");
		return this.#previous;
	}
}
