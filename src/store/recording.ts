/** The requests that the store received, as they came: for tests that assert what crosses the wire. */
import { createHash } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import { type Body, through } from "../http/body.ts";

export interface RecordingOptions {
	/** Most requests kept; of more, the last. */
	readonly requests: number;
	/** Most bytes kept of a body; of more, the first. */
	readonly bodyBytes: number;
}

export interface RecordedRequest {
	readonly method: string;
	/** As on the request line. */
	readonly target: string;
	/** In the order of arrival and as they were spelt. */
	readonly headers: readonly (readonly [name: string, value: string])[];
	/** Behind HTTP's own framing: aws-chunked is visible. */
	readonly body: {
		/** The first bytes, as many as are kept. */
		readonly content: Buffer;
		/** All of the bytes that were read. */
		readonly bytes: number;
		/** Hex, of all of them. */
		readonly sha256: string;
		/** Whether the store read the body to its end. */
		readonly complete: boolean;
	};
}

/** A request that is not over yet. */
export interface Recording {
	/** The body that is to be read in the place of `body`. */
	watch(body: Body | undefined): Body | undefined;
	/** Keeps the request, once: it is answered. */
	end(): void;
}

export class Recorder {
	readonly requests: RecordedRequest[] = [];
	readonly #options: RecordingOptions;
	#arrived: IncomingMessage | undefined;
	#waiting: ((request: RecordedRequest) => void)[] = [];

	constructor(options: RecordingOptions) {
		this.#options = options;
	}

	/** The next request that is kept. */
	next(): Promise<RecordedRequest> {
		return new Promise((resolve) => this.#waiting.push(resolve));
	}

	/** To be called before the listener's own handlers see a request. */
	attach(server: Server): void {
		const arrive = (request: IncomingMessage): void => {
			this.#arrived = request;
		};
		for (const event of ["request", "checkContinue", "checkExpectation"]) {
			server.prependListener(event, arrive);
		}
	}

	/** The request that arrived last. The listener hands it on, or refuses it, in the same turn of the event loop. */
	begin(): Recording {
		const { method = "", url = "", rawHeaders = [] } = this.#arrived ?? {};
		const { bodyBytes } = this.#options;
		const sha256 = createHash("sha256");
		const chunks: Buffer[] = [];
		let bytes = 0;
		let complete = true;
		let over = false;
		return {
			watch(body) {
				if (body === undefined) return undefined;
				complete = false;
				return through(body, body.length, (to) => ({
					data(chunk) {
						const room = Math.max(0, bodyBytes - bytes);
						if (room > 0) chunks.push(Buffer.from(chunk.subarray(0, room)));
						bytes += chunk.length;
						sha256.update(chunk);
						return to.data(chunk);
					},
					end() {
						complete = true;
						to.end();
					},
				}));
			},
			end: () => {
				if (over) return;
				over = true;
				const content = Buffer.concat(chunks);
				this.#keep({
					method,
					target: url,
					headers: pairs(rawHeaders),
					body: { content, bytes, sha256: sha256.digest("hex"), complete },
				});
			},
		};
	}

	#keep(request: RecordedRequest): void {
		this.requests.push(request);
		if (this.requests.length > this.#options.requests) this.requests.shift();
		for (const resolve of this.#waiting.splice(0)) resolve(request);
	}
}

function pairs(raw: readonly string[]): [name: string, value: string][] {
	return Array.from({ length: raw.length / 2 }, (_, index) => [
		raw[2 * index] as string,
		raw[2 * index + 1] as string,
	]);
}
