/**
 * Gives memory back where its end is known. A large buffer is external memory behind a small wrapper: the young
 * generation sees only wrappers, fills slowly, and full collections follow one another meanwhile (docs/performance.md).
 */

/** Below it a wrapper costs as much as what is behind it, and the buffer may be a slice of Node's pool. */
const worthFreeing = 4 * 1024;

/**
 * Frees the memory of a chunk that nobody reads again; whoever does finds it empty. Leaves alone what is only a view
 * of a larger memory.
 */
export function free(chunk: Buffer): void {
	const { buffer, byteLength } = chunk;
	if (byteLength < worthFreeing || buffer.byteLength !== byteLength) return;
	// A SharedArrayBuffer has no such method, and is nobody's own.
	if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

interface Consumer {
	data(chunk: Buffer): boolean;
	end(): void;
}

/** A stage that has used up each chunk when its `data` returns: one that was given is freed then. */
export function consuming(stage: Consumer) {
	return {
		data(chunk: Buffer, given?: boolean): boolean {
			const ready = stage.data(chunk);
			if (given) free(chunk);
			return ready;
		},
		end: () => stage.end(),
	};
}

/** The chunk itself where it was given, else a copy: what may be kept beyond `Receiver.data`. */
export function own(chunk: Buffer, given: boolean | undefined): Buffer {
	if (given) return chunk;
	const copy =
		chunk.length < worthFreeing
			? Buffer.allocUnsafe(chunk.length)
			: Buffer.allocUnsafeSlow(chunk.length);
	chunk.copy(copy);
	return copy;
}
