/**
 * Connections of undici that read bodies into one buffer, again and again.
 *
 * Node gives each read a buffer of its own, and collecting those was the dearest part of a download. A socket may be
 * made with a buffer to read into (`onread` of `net.connect`). What is relied on: undici's parser uses the bytes of
 * `read()` before it asks for more, and hands back by `unshift` what it did not use when it is paused. Of a head it
 * keeps views until the head is whole; so bytes are lent only inside of a body, and copied elsewhere.
 */
import type { Socket } from "node:net";
import { buildConnector } from "undici";

/** What a read may bring at once. GET cost 1.76 CPU-s/GiB at 64 KiB, 1.42 at 128, 1.17 at 256, 1.29 at 512, in the same hour. */
const readBytes = 256 * 1024;

export class ReusedReads {
	readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
	/** Whose bytes are being parsed: the parser runs before `read` is called again. */
	#parsed: Reading | undefined;

	/**
	 * For the option `connect` of a pool.
	 * @param options of undici's own connector
	 * @param made is given each connection, before undici is
	 */
	connector(
		options: buildConnector.BuildOptions & { readonly highWaterMark: number },
		made: (socket: Socket) => void,
	): buildConnector.connector {
		const readings = new WeakMap<Socket, Reading>();
		const connect = buildConnector({
			...options,
			allowH2: false,
			onread: {
				buffer: this.#buffer,
				callback(this: Socket, bytes: number, buffer: Buffer): boolean {
					const reading = readings.get(this);
					if (reading !== undefined)
						return reading.arrived(buffer.subarray(0, bytes));
					this.destroy(new Error("bytes came before anything was asked"));
					return false;
				},
			},
		} as buildConnector.BuildOptions);
		return (to, done) =>
			connect(to, (error, socket) => {
				if (error !== null) return done(error, null);
				const parsing = (reading: Reading): void => {
					this.#parsed = reading;
				};
				readings.set(socket, new Reading(socket, parsing));
				made(socket);
				done(null, socket);
			});
	}

	/** To be called when the head of an answer is whole: its body may be lent. @returns to be called at the body's end */
	lendBody(): () => void {
		const reading = this.#parsed;
		if (reading === undefined) return () => {};
		reading.lends = true;
		return () => {
			reading.lends = false;
		};
	}
}

/** One connection: takes the place of the socket's own `read` and `unshift`. */
class Reading {
	/** Whether the parser is inside of a body. */
	lends = false;
	readonly #socket: Socket;
	/** What has come and is not parsed. TLS goes on for some records after it was asked to stop. */
	#pending: Buffer[] = [];
	#paused = false;

	constructor(socket: Socket, parsing: (reading: Reading) => void) {
		this.#socket = socket;
		const read = socket.read.bind(socket);
		socket.read = (size?: number) => {
			if (size !== 0) this.#paused = false;
			// The socket's own `read` tells of its end: not before all is parsed.
			if (this.#pending.length === 0) return read(size);
			if (size === 0) return null;
			parsing(this);
			return this.#pending.shift();
		};
		socket.unshift = (rest: Buffer) => {
			this.#paused = true;
			if (rest.length > 0) this.#pending.unshift(Buffer.from(rest));
		};
	}

	/** @returns whether to read on: `pause` from inside of the callback would not stop the reads */
	arrived(bytes: Buffer): boolean {
		if (this.#paused || this.#pending.length > 0) {
			this.#pending.push(Buffer.from(bytes));
			return false;
		}
		const chunk = this.lends ? bytes : Buffer.from(bytes);
		this.#pending.push(chunk);
		this.#socket.emit("readable");
		const [left] = this.#pending;
		if (left === undefined) return !this.#paused;
		if (left === bytes) this.#pending[0] = Buffer.from(bytes);
		return false;
	}
}
