/** Takes a form apart while it comes: its fields first, then the file as a body of its own, of known length. */
import type { SealgateError } from "../errors.ts";
import { type FormField, FormHead } from "../s3/form-data.ts";
import { closingOf, malformedForm } from "../s3/form-part.ts";
import {
	type Body,
	type Flow,
	type Receiver,
	type Stage,
	through,
} from "./body.ts";

export interface Form {
	/** In the order of the form, as they were sent. */
	readonly fields: readonly FormField[];
	/** The name of the file, where its part has one. */
	readonly filename: string | undefined;
	/** The content of the file. It ends only when the form has ended right behind it. */
	readonly file: Body;
	/** Gives the form up. Harmless when it is over. */
	stop(reason: Error): void;
}

/**
 * @param length of the whole form, in bytes
 * @throws SealgateError what `FormHead` throws, and `form-malformed` for a form that is too short to end
 */
export function readForm(
	body: Body,
	length: number,
	boundary: string,
): Promise<Form> {
	return new Promise((resolve, reject) => {
		const head = new FormHead(boundary);
		const give = (error: unknown): true => {
			flow.stop(error as Error);
			reject(error);
			return true;
		};
		const fields: Receiver = {
			data(chunk) {
				try {
					const begin = head.write(chunk);
					if (begin === undefined) return true;
					const rest = new Rest(flow, chunk.subarray(begin));
					to = rest;
					resolve({
						fields: head.fields,
						filename: head.filename,
						file: fileOf(rest, length - head.length, boundary),
						stop: (reason) => flow.stop(reason),
					});
					return false;
				} catch (error) {
					return give(error);
				}
			},
			end: () => reject(malformedForm("it ends before its file.")),
			fail: reject,
		};
		let to = fields;
		const flow = body.start({
			data: (chunk) => to.data(chunk),
			end: () => to.end(),
			fail: (error) => to.fail(error),
		});
	});
}

/** What follows the fields: held until somebody starts it, which is the piece in which they ended and no more. */
class Rest implements Receiver, Body {
	readonly length = undefined;
	readonly #flow: Flow;
	readonly #kept: Buffer[];
	#to: Receiver | undefined;
	#last: ((receiver: Receiver) => void) | undefined;

	constructor(flow: Flow, first: Buffer) {
		this.#flow = flow;
		this.#kept = [Buffer.from(first)];
	}

	data(chunk: Buffer): boolean {
		if (this.#to !== undefined) return this.#to.data(chunk);
		this.#kept.push(Buffer.from(chunk));
		return false;
	}

	end(): void {
		if (this.#to !== undefined) this.#to.end();
		else this.#last = (receiver) => receiver.end();
	}

	fail(error: Error): void {
		if (this.#to !== undefined) this.#to.fail(error);
		else this.#last = (receiver) => receiver.fail(error);
	}

	start(receiver: Receiver): Flow {
		let stopped = false;
		queueMicrotask(() => {
			let ready = true;
			for (const chunk of this.#kept) {
				if (stopped) return;
				if (chunk.length > 0) ready = receiver.data(chunk) && ready;
			}
			if (stopped) return;
			this.#to = receiver;
			if (this.#last !== undefined) this.#last(receiver);
			else if (ready) this.#flow.resume();
		});
		return {
			resume: () => this.#flow.resume(),
			stop: (reason) => {
				stopped = true;
				this.#flow.stop(reason);
			},
		};
	}
}

/** @param left bytes from the first one of the file to the end of the form */
function fileOf(rest: Body, left: number, boundary: string): Body {
	const closing = closingOf(boundary);
	const length = left - closing.length;
	if (length < 0) throw wrongEnd();
	return through(rest, length, (to) => new FileContent(length, closing, to));
}

function wrongEnd(): SealgateError {
	return malformedForm(
		"the file must be the last field, and the form must end right behind it with its closing boundary and one line end.",
	);
}

/**
 * Passes the file on and holds the form to its length: S3 would end the file at the first boundary, and the store was
 * told a length that counts on the boundary that closes the form.
 */
class FileContent implements Stage {
	readonly #closing: Buffer;
	readonly #delimiter: Buffer;
	readonly #to: Receiver;
	#left: number;
	/** The last bytes of the content: a delimiter may begin in them. */
	#seam = Buffer.alloc(0);
	#closed = 0;

	constructor(length: number, closing: Buffer, to: Receiver) {
		this.#left = length;
		this.#closing = closing;
		this.#delimiter = closing.subarray(0, -"--\r\n".length);
		this.#to = to;
	}

	data(chunk: Buffer): boolean {
		const content = chunk.subarray(0, this.#left);
		const rest = chunk.subarray(content.length);
		this.#left -= content.length;
		if (this.#holdsDelimiter(content)) throw wrongEnd();
		const wanted = this.#closing.subarray(
			this.#closed,
			this.#closed + rest.length,
		);
		if (!wanted.equals(rest)) throw wrongEnd();
		this.#closed += rest.length;
		return content.length === 0 || this.#to.data(content);
	}

	end(): void {
		if (this.#closed < this.#closing.length) throw wrongEnd();
		this.#to.end();
	}

	#holdsDelimiter(content: Buffer): boolean {
		const reach = this.#delimiter.length - 1;
		const across = Buffer.concat([this.#seam, content.subarray(0, reach)]);
		const tail = content.length < reach ? across : content;
		this.#seam = Buffer.from(tail.subarray(-reach));
		return (
			across.includes(this.#delimiter) || content.includes(this.#delimiter)
		);
	}
}
