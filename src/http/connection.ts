/**
 * One connection of a client: its requests are served one after the other. Node hands out pipelined requests at once,
 * so that one behind a refusal which closes the connection would still reach the store.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** The request whose turn it is. */
export interface Turn {
	readonly request: IncomingMessage;
	readonly response: ServerResponse;
	/** Ends a body that will never be complete. Harmless where it is, or where nobody asked for it. */
	failBody(error: Error): void;
}

/** Requests that may wait behind the one being served. No S3 client is known to send even one. */
const mostWaiting = 16;

const connections = new WeakMap<Duplex, Connection>();

export class Connection {
	readonly #socket: Duplex;
	readonly #waiting: (() => void)[] = [];
	#turn: Turn | undefined;
	#broken = false;

	private constructor(socket: Duplex) {
		this.#socket = socket;
	}

	static of(socket: Duplex): Connection {
		let connection = connections.get(socket);
		if (connection === undefined) {
			connection = new Connection(socket);
			connections.set(socket, connection);
		}
		return connection;
	}

	/** The request being served. */
	get turn(): Turn | undefined {
		return this.#turn;
	}

	/** Whether its bytes can no longer be read as HTTP: the answer underway is its last. */
	get broken(): boolean {
		return this.#broken;
	}

	/** Whether another request may be served on it: false once an answer has closed it. */
	get #open(): boolean {
		return this.#socket.writable && !this.#broken;
	}

	/** Answers false where it was broken before. */
	break(): boolean {
		if (this.#broken) return false;
		this.#broken = true;
		return true;
	}

	/** Calls `serve` when the answers before it have left; never, where the connection ends first. */
	take(turn: Turn, serve: () => void): void {
		if (!this.#open) return;
		if (this.#turn === undefined) {
			this.#begin(turn, serve);
		} else if (this.#waiting.length < mostWaiting) {
			this.#waiting.push(() => this.#begin(turn, serve));
		} else {
			this.#socket.destroy();
		}
	}

	#begin(turn: Turn, serve: () => void): void {
		this.#turn = turn;
		turn.response.once("close", () => {
			this.#turn = undefined;
			const next = this.#waiting.shift();
			if (this.#open) next?.();
		});
		serve();
	}
}
