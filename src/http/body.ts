/**
 * A body in flight: bytes that are pushed from one source to one receiver, with back-pressure and without a queue.
 *
 * Callbacks rather than Node streams or async generators, because the cost of a body in Node is the garbage
 * that its stream makes. A chunk is lent: a receiver uses it before `data` returns, or copies it. Or it is given: then
 * nobody else reads it again, and who receives it may keep it, give it on, or free it (src/spent.ts).
 */

/** Where the bytes of a body go. Exactly one of `end` and `fail` is called, once, and nothing after it. */
export interface Receiver {
	/**
	 * Takes a chunk. `false` asks the source to pause until the receiver calls `Flow.resume`.
	 * @param given whether the chunk is the receiver's own from now on; else it is lent
	 */
	data(chunk: Buffer, given?: boolean): boolean;
	/** The body is complete and everything that could be proven of it is proven. */
	end(): void;
	/** The body will never be complete. */
	fail(error: Error): void;
}

/** The receiver's hold on the source. */
export interface Flow {
	resume(): void;
	/** Gives the body up: the source is released and the receiver hears nothing more. Harmless when repeated. */
	stop(reason: Error): void;
}

/** A checksum that the client claimed for exactly these bytes; proven once the body has ended. */
export interface ClaimedChecksum {
	/** Header name, such as `x-amz-checksum-crc32`. */
	readonly header: string;
	/** Base64, where it came in the head. */
	readonly inHead: string | undefined;
	/** Base64. A checksum that came as a trailer is known only at the end. */
	value(): string;
}

export interface Body {
	/** How many bytes `data` will deliver, where that is known before the first of them. */
	readonly length: number | undefined;
	/** The whole body where it is in memory already; such a body may be started again. */
	readonly content?: Buffer;
	/** Absent where the client claimed none, and on every body that was made of another. */
	readonly checksum?: ClaimedChecksum;
	/** Begins the flow. Called at most once (but see `content`); `data` is never called before `start` has returned. */
	start(receiver: Receiver): Flow;
}

/** One step of a body's way: what `data` and `end` throw fails the body and releases its source. */
export interface Stage {
	data(chunk: Buffer, given?: boolean): boolean;
	end(): void;
}

/** The body that `wrap` makes of `body`. `length` is what comes out of the stage, in bytes. */
export function through(
	body: Body,
	length: number | undefined,
	wrap: (to: Receiver) => Stage,
): Body {
	return {
		length,
		start(receiver) {
			let over = false;
			const fail = (error: Error): void => {
				if (over) return;
				over = true;
				receiver.fail(error);
			};
			const stage = wrap(receiver);
			const flow = body.start({
				data(chunk, given) {
					if (over) return true;
					try {
						return stage.data(chunk, given);
					} catch (error) {
						flow.stop(error as Error);
						fail(error as Error);
						return true;
					}
				},
				end() {
					if (over) return;
					try {
						stage.end();
						over = true;
					} catch (error) {
						fail(error as Error);
					}
				},
				fail,
			});
			return {
				resume: () => flow.resume(),
				stop(reason) {
					over = true;
					flow.stop(reason);
				},
			};
		},
	};
}

/** A body that is already in memory. */
export function bodyOf(content: Buffer | string): Body {
	const bytes =
		typeof content === "string" ? Buffer.from(content, "utf8") : content;
	return {
		length: bytes.length,
		content: bytes,
		start(receiver) {
			let over = false;
			queueMicrotask(() => {
				if (over) return;
				if (bytes.length > 0) receiver.data(bytes);
				if (over) return;
				over = true;
				receiver.end();
			});
			return {
				resume: () => {},
				stop: () => {
					over = true;
				},
			};
		},
	};
}

/**
 * The whole of a small body.
 * @param limit most bytes accepted; one more and `tooLarge()` is thrown and the source released
 */
export function readAll(
	body: Body,
	limit: number,
	tooLarge: () => Error,
): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const chunks: Buffer[] = [];
		let size = 0;
		const flow = body.start({
			data(chunk) {
				size += chunk.length;
				if (size > limit) {
					const error = tooLarge();
					flow.stop(error);
					reject(error);
					return true;
				}
				chunks.push(Buffer.from(chunk));
				return true;
			},
			end: () => resolve(Buffer.concat(chunks, size)),
			fail: reject,
		});
	});
}

/** Gives up a body that nobody has started, so that its source is released. Harmless where there is none. */
export function discard(
	body: Body | undefined,
	reason = "nobody wants the body",
): void {
	body
		?.start({ data: () => true, end() {}, fail() {} })
		.stop(new Error(reason));
}
