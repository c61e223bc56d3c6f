/**
 * One connection of the load client. It shares the machine with what it measures, so it makes no garbage: answers are
 * read into one buffer, and requests are bytes that were made before.
 */
import { connect, type Socket } from "node:net";

/** A request body: `block` sent `times` times, then `tail`. */
export interface Upload {
	readonly block: Buffer;
	readonly times: number;
	readonly tail: Buffer | undefined;
}

export interface Answer {
	readonly status: number;
	/** The head as text. */
	readonly head: string;
	readonly bodyBytes: number;
	/** Milliseconds to the last byte. */
	readonly duration: number;
}

const readBytes = 256 * 1024;

export class Wire {
	readonly #socket: Socket;
	#take: ((chunk: Buffer) => void) | undefined;
	#done: ((answer: Answer) => void) | undefined;
	#failed: ((error: Error) => void) | undefined;
	#head = "";
	#status = 0;
	#left = -1;
	#body = 0;
	#chunked: string | undefined;
	#started = 0;

	constructor(address: string) {
		const [host, port] = address.split(":");
		this.#socket = connect({
			host: host as string,
			port: Number(port),
			noDelay: true,
			onread: {
				buffer: Buffer.allocUnsafeSlow(readBytes),
				callback: (bytes, buffer) => {
					this.#read((buffer as Buffer).subarray(0, bytes));
					return true;
				},
			},
		});
		// What came before it is worth more: an early refusal may break the connection of a body.
		this.#socket.on("error", () => {});
		this.#socket.on("close", () =>
			this.#failed?.(
				new Error(`the connection was closed behind "${this.#head}"`),
			),
		);
	}

	/** One request at a time. `take` is lent each piece of the body. @throws Error where the connection breaks */
	ask(
		head: Buffer,
		upload?: Upload,
		take?: (chunk: Buffer) => void,
	): Promise<Answer> {
		return new Promise((resolve, reject) => {
			this.#take = take;
			this.#done = resolve;
			this.#failed = reject;
			this.#head = "";
			this.#left = -1;
			this.#body = 0;
			this.#chunked = undefined;
			this.#started = performance.now();
			this.#socket.cork();
			this.#socket.write(head);
			if (upload === undefined) this.#socket.uncork();
			else this.#send(upload, 0);
		});
	}

	close(): void {
		this.#failed = undefined;
		this.#socket.destroy();
	}

	#send({ block, times, tail }: Upload, sent: number): void {
		let ready = true;
		let count = sent;
		while (ready && count < times) {
			ready = this.#socket.write(block);
			count += 1;
		}
		if (count === times && tail !== undefined) this.#socket.write(tail);
		this.#socket.uncork();
		if (count < times) {
			this.#socket.once("drain", () =>
				this.#send({ block, times, tail }, count),
			);
		}
	}

	#read(chunk: Buffer): void {
		let rest = chunk;
		if (this.#left < 0 && this.#chunked === undefined) {
			const before = this.#head.length;
			this.#head += chunk.toString("latin1");
			const end = this.#head.indexOf("\r\n\r\n");
			if (end < 0) return;
			rest = chunk.subarray(end + 4 - before);
			this.#head = this.#head.slice(0, end);
			this.#status = Number(this.#head.slice(9, 12));
			const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head);
			if (length !== null) this.#left = Number(length[1]);
			else if (/\r\ntransfer-encoding: *chunked/i.test(this.#head))
				this.#chunked = "";
			else this.#left = 0;
		}
		if (this.#chunked !== undefined) this.#readChunked(rest);
		else {
			if (rest.length > 0) this.#take?.(rest);
			this.#body += rest.length;
			this.#left -= rest.length;
			if (this.#left === 0) this.#finish();
		}
	}

	/** Only listings and small documents come so: they are kept whole. */
	#readChunked(rest: Buffer): void {
		this.#chunked += rest.toString("latin1");
		if (!this.#chunked?.endsWith("0\r\n\r\n")) return;
		let text = this.#chunked;
		for (;;) {
			const line = text.indexOf("\r\n");
			const size = Number.parseInt(text.slice(0, line), 16);
			if (!(size > 0)) break;
			const piece = text.slice(line + 2, line + 2 + size);
			this.#body += piece.length;
			this.#take?.(Buffer.from(piece, "latin1"));
			text = text.slice(line + 4 + size);
		}
		this.#finish();
	}

	#finish(): void {
		const done = this.#done;
		this.#failed = undefined;
		done?.({
			status: this.#status,
			head: this.#head,
			bodyBytes: this.#body,
			duration: performance.now() - this.#started,
		});
	}
}
