/** Bytes that come in chunks, taken in the sizes that the format has. */
import { concat } from "./bytes.ts";

export class Source {
	readonly #chunks: AsyncIterator<Uint8Array>;
	#rest: Uint8Array = new Uint8Array();

	constructor(chunks: AsyncIterable<Uint8Array>) {
		this.#chunks = chunks[Symbol.asyncIterator]();
	}

	/** Exactly so many bytes. @throws Error where fewer come */
	async take(size: number): Promise<Uint8Array> {
		const taken = await this.upTo(size);
		if (taken.length < size) throw new Error("the ciphertext is cut short");
		return taken;
	}

	/** Whether nothing is left. */
	async isEmpty(): Promise<boolean> {
		const first = await this.upTo(1);
		this.#rest = concat(first, this.#rest);
		return first.length === 0;
	}

	/** So many bytes, or what is left. */
	async upTo(size: number): Promise<Uint8Array> {
		const pieces: Uint8Array[] = [this.#rest];
		let have = this.#rest.length;
		while (have < size) {
			const { value, done } = await this.#chunks.next();
			if (done) break;
			pieces.push(value);
			have += value.length;
		}
		const all = pieces.length === 1 ? this.#rest : concat(...pieces);
		this.#rest = all.subarray(size);
		return all.subarray(0, size);
	}
}
