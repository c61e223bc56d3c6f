/** The body of a request on the wire: asked for when somebody wants it, and given up when it does not come. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { SealgateError } from "../errors.ts";
import type { Body, Flow, Receiver } from "./body.ts";
import { lingerAfterAnswer } from "./linger.ts";
import {
	type Progress,
	type ProgressLimits,
	watchProgress,
} from "./progress.ts";

/** Bytes of an unread body that are worth reading to keep a connection. */
const drainBytes = 256 * 1024;

export class RequestBody {
	readonly #request: IncomingMessage;
	readonly #response: ServerResponse;
	readonly #limits: ProgressLimits;
	#asked = false;
	#failure: Error | undefined;
	#finish: ((last: (receiver: Receiver) => void) => void) | undefined;

	constructor(
		request: IncomingMessage,
		response: ServerResponse,
		limits: ProgressLimits,
	) {
		this.#request = request;
		this.#response = response;
		this.#limits = limits;
	}

	/** Absent where the request declares none. Sends `100 Continue` when it is started, to a client that waits for it. */
	get body(): Body | undefined {
		const { headers } = this.#request;
		const declared = headers["content-length"];
		const chunked = headers["transfer-encoding"] !== undefined;
		if (!chunked && (declared === undefined || Number(declared) === 0))
			return undefined;
		return {
			length: chunked ? undefined : Number(declared),
			start: (receiver) => this.#start(receiver),
		};
	}

	/** Fails a body that is not complete, also where it is asked for later. */
	fail(error: Error): void {
		if (this.#request.complete) return;
		this.#failure = error;
		this.#finish?.((receiver) => receiver.fail(error));
	}

	/**
	 * Decides what becomes of the connection when the answer leaves before the body was read. A client that waits for
	 * `100 Continue` may skip the body and send its next request: never read on there. A short body is read and thrown
	 * away. Otherwise the connection closes, after the client had time to read the answer.
	 */
	settle(): void {
		const request = this.#request;
		if (request.complete) return;
		const declared = Number(
			request.headers["content-length"] ?? Number.POSITIVE_INFINITY,
		);
		const waits = request.headers.expect !== undefined;
		if (!this.#asked && !waits && declared <= drainBytes) {
			this.#discard();
			return;
		}
		this.#response.setHeader("connection", "close");
		lingerAfterAnswer(request.socket, () => {
			request.on("error", () => {});
			request.removeAllListeners("data");
			request.resume();
			request.once("end", () => request.socket.destroy());
		});
	}

	/** A body that nobody reads must come as fast as any other. */
	#discard(): void {
		const request = this.#request;
		const progress = watchProgress(this.#limits, () =>
			request.socket.destroy(),
		);
		request.on("data", (chunk: Buffer) => progress.moved(chunk.length));
		request.on("close", () => progress.end());
		request.on("end", () => progress.end());
		request.on("error", () => {});
	}

	#start(receiver: Receiver): Flow {
		const request = this.#request;
		this.#asked = true;
		let over = false;
		const finish = (last: (receiver: Receiver) => void): void => {
			if (over) return;
			over = true;
			progress.end();
			last(receiver);
		};
		this.#finish = finish;
		const progress = watchProgress(this.#limits, () => {
			request.pause();
			finish((to) => to.fail(tooSlow()));
		});
		this.#listen(receiver, progress, finish, () => over);
		if (expectsContinue(request)) this.#response.writeContinue();
		return {
			resume() {
				if (over) return;
				progress.resume();
				request.resume();
			},
			stop() {
				over = true;
				progress.end();
				request.pause();
			},
		};
	}

	#listen(
		receiver: Receiver,
		progress: Progress,
		finish: (last: (receiver: Receiver) => void) => void,
		over: () => boolean,
	): void {
		const request = this.#request;
		request.on("data", (chunk: Buffer) => {
			if (over()) return;
			progress.moved(chunk.length);
			// Node's parser copies each chunk out of what it read, and nobody else listens.
			if (!receiver.data(chunk, true) && !over()) {
				progress.pause();
				request.pause();
			}
		});
		request.on("end", () => finish((to) => to.end()));
		const cut = (): void => finish((to) => to.fail(incomplete()));
		request.on("error", cut);
		request.on("close", cut);
		if (request.destroyed && !request.complete) queueMicrotask(cut);
		const failure = this.#failure;
		if (failure !== undefined)
			queueMicrotask(() => finish((to) => to.fail(failure)));
	}
}

function expectsContinue(request: IncomingMessage): boolean {
	return request.httpVersion !== "1.0" && request.headers.expect !== undefined;
}

function tooSlow(): SealgateError {
	return new SealgateError(
		"body-too-slow",
		"Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
	);
}

function incomplete(): SealgateError {
	return new SealgateError(
		"body-incomplete",
		"You did not provide the number of bytes specified by the Content-Length HTTP header.",
	);
}
