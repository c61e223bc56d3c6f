/** The store's side of the wire: one undici pool for each upstream. */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { type Dispatcher, Pool, ProxyAgent } from "undici";
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { S3Response } from "../pipeline.ts";
import { own } from "../spent.ts";
import type { Body, Flow, Receiver } from "./body.ts";
import { freeWrites, give } from "./freed-writes.ts";
import { type HeaderMap, withoutHeaders } from "./headers.ts";
import { ReusedReads } from "./reused-reads.ts";

/** Times in milliseconds. */
export interface UpstreamOptions {
	readonly name: string;
	/** `https://host[:port]`, nothing behind it. */
	readonly endpoint: string;
	readonly connections: number;
	readonly timeouts: {
		readonly connect: number;
		/** Longest wait for the head of the answer after the request was sent. */
		readonly answer: number;
		/** Longest silence inside a body. */
		readonly idle: number;
	};
	/** File names of PEM data. */
	readonly tls?: {
		readonly ca?: string;
		readonly cert?: string;
		readonly key?: string;
		readonly serverName?: string;
	};
	/** URL of an egress proxy. */
	readonly proxy?: string;
}

/** What leaves for the store: signed, framed, with nothing left to decide. */
export interface UpstreamRequest {
	readonly method: string;
	/** Encoded path and query. */
	readonly target: string;
	readonly headers: HeaderMap;
	readonly body: Body | undefined;
	/** How often a request without a body, or with one in memory, may be sent again. */
	readonly retries: number;
	/** The name that the store's certificate must have. Absent: that of the header `host`. */
	readonly serverName?: string;
}

export interface Upstream {
	readonly name: string;
	/** `Host` of every request to it. */
	readonly host: string;
	send(request: UpstreamRequest, exchange: Exchange): Promise<S3Response>;
	close(): Promise<void>;
}

/** Names that describe one connection and not the message. RFC 9110 section 7.6.1. */
const hopByHop = new Set([
	"connection",
	"keep-alive",
	"proxy-authenticate",
	"proxy-authorization",
	"proxy-connection",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
]);

/** Whether a field describes one connection, and not the message. */
export function isHopByHop(name: string): boolean {
	return hopByHop.has(name);
}

/**
 * Without the fields that `Connection` names: for the receiver of a message they are not there. But for `Host`, which
 * says what the message is about: without it the store would read another bucket than was judged.
 */
export function withoutNamed(headers: HeaderMap): HeaderMap {
	const connection = headers.get("connection");
	if (connection === undefined) return headers;
	const named = new Set(
		connection
			.toLowerCase()
			.split(",")
			.map((name) => name.trim()),
	);
	named.delete("host");
	return withoutHeaders(headers, (name) => named.has(name));
}

/** The fields that travel on: none that belongs to the connection, or that `Connection` names. */
export function endToEnd(headers: HeaderMap): HeaderMap {
	return withoutHeaders(withoutNamed(headers), (name) => hopByHop.has(name));
}

export function createUpstream(options: UpstreamOptions): Upstream {
	const reads = new ReusedReads();
	const dispatcher = createDispatcher(options, reads);
	return {
		name: options.name,
		host: new URL(options.endpoint).host,
		async send(request, exchange) {
			for (let attempt = 0; ; attempt++) {
				try {
					return await dispatch(dispatcher, reads, options, request, exchange);
				} catch (error) {
					if (attempt >= request.retries || !replayable(request, error)) {
						throw translate(error, options.name);
					}
				}
			}
		},
		close: () => dispatcher.close(),
	};
}

/** Bytes on the way to the store before a body is asked to wait: some reads, or it would be asked at each of them. */
const waterMark = 256 * 1024;

function createDispatcher(
	options: UpstreamOptions,
	reads: ReusedReads,
): Dispatcher {
	const { tls, timeouts } = options;
	const read = (file: string | undefined) =>
		file === undefined ? undefined : readFileSync(file);
	const secure = tls && {
		ca: read(tls.ca),
		cert: read(tls.cert),
		key: read(tls.key),
		...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
	};
	const pool = {
		connections: options.connections,
		pipelining: 1,
		allowH2: false,
		headersTimeout: timeouts.answer,
		bodyTimeout: timeouts.idle,
	};
	if (options.proxy !== undefined) {
		return new ProxyAgent({
			...pool,
			uri: options.proxy,
			connectTimeout: timeouts.connect,
			...(secure && { requestTls: secure }),
		});
	}
	return new Pool(options.endpoint, {
		...pool,
		connect: reads.connector(
			{ timeout: timeouts.connect, highWaterMark: waterMark, ...secure },
			freeWrites,
		),
	});
}

/** Only what the store cannot have seen, or what it may see twice, and only where the body is at hand. */
function replayable(request: UpstreamRequest, error: unknown): boolean {
	if (request.body !== undefined && request.body.content === undefined) {
		return false;
	}
	const code = (error as NodeJS.ErrnoException).code ?? "";
	if (code === "ECONNREFUSED" || code === "UND_ERR_CONNECT_TIMEOUT")
		return true;
	const safe = request.method === "GET" || request.method === "HEAD";
	return safe && (code === "ECONNRESET" || code === "UND_ERR_SOCKET");
}

function translate(error: unknown, upstream: string): Error {
	if (error instanceof SealgateError) return error;
	const code = (error as NodeJS.ErrnoException).code ?? "";
	if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
		return new SealgateError(
			"upstream-timeout",
			`The store behind upstream "${upstream}" did not answer in time. Try again.`,
			{ cause: error },
		);
	}
	return new SealgateError(
		"upstream-unreachable",
		`The store behind upstream "${upstream}" could not be reached. Try again.`,
		{ cause: error },
	);
}

/** A body as undici wants it. Destroying it releases the source; a failed body destroys it. */
function readable(body: Body, failed: (error: Error) => void): Readable {
	let flow: Flow | undefined;
	const stream: Readable = new Readable({
		highWaterMark: waterMark,
		read() {
			if (flow !== undefined) {
				flow.resume();
				return;
			}
			flow = body.start({
				data: (chunk, given) => stream.push(give(own(chunk, given))),
				end: () => stream.push(null),
				fail(error) {
					failed(error);
					stream.destroy(error);
				},
			});
		},
		destroy(error, done) {
			// Node destroys a stream that has ended too.
			if (!stream.readableEnded)
				flow?.stop(error ?? new Error("the store wants no more of the body"));
			done(error);
		},
	});
	// undici reports the error; without a listener the process would die of it.
	stream.on("error", () => {});
	return stream;
}

function dispatch(
	dispatcher: Dispatcher,
	reads: ReusedReads,
	options: UpstreamOptions,
	request: UpstreamRequest,
	exchange: Exchange,
): Promise<S3Response> {
	return new Promise((resolve, reject) => {
		let bodyFailure: Error | undefined;
		let controller: Dispatcher.DispatchController | undefined;
		const abort = (): void =>
			controller?.abort(new Error("the client has gone"));
		exchange.signal.addEventListener("abort", abort, { once: true });
		const settle = (): void =>
			exchange.signal.removeEventListener("abort", abort);
		const body = request.body;
		let answer: AnswerBody | undefined;
		let bodyOver: (() => void) | undefined;
		dispatcher.dispatch(
			{
				origin: options.endpoint,
				path: request.target,
				method: request.method as Dispatcher.HttpMethod,
				headers: Object.fromEntries(request.headers),
				...(request.serverName && { servername: request.serverName }),
				body:
					body === undefined
						? null
						: (body.content ??
							readable(body, (error) => {
								bodyFailure = error;
							})),
			},
			{
				onRequestStart(started) {
					controller = started;
					if (exchange.signal.aborted) abort();
				},
				onResponseStart(started, status, _headers) {
					if (status < 200) return;
					answer = new AnswerBody(started);
					bodyOver = reads.lendBody();
					const headers = readRawHeaders(started.rawHeaders as Buffer[]);
					const length = headers.get("content-length");
					const bare =
						request.method === "HEAD" || status === 204 || status === 304;
					resolve({
						status,
						headers: endToEnd(headers),
						body: bare
							? undefined
							: answer.as(length === undefined ? undefined : Number(length)),
					});
				},
				onResponseData(_controller, chunk) {
					answer?.data(chunk);
				},
				onResponseEnd() {
					settle();
					bodyOver?.();
					answer?.end();
				},
				onResponseError(_controller, error) {
					settle();
					const failure = bodyFailure ?? error;
					if (answer === undefined) reject(failure);
					else answer.fail(failure);
				},
			},
		);
	});
}

function readRawHeaders(raw: readonly Buffer[]): HeaderMap {
	const headers = new Map<string, string>();
	for (let index = 0; index < raw.length; index += 2) {
		const name = (raw[index] as Buffer).toString("latin1").toLowerCase();
		const value = (raw[index + 1] as Buffer).toString("latin1");
		const before = headers.get(name);
		headers.set(name, before === undefined ? value : `${before}, ${value}`);
	}
	return headers;
}

/** The store's answer as a body: paused at its first byte until somebody starts it. */
class AnswerBody {
	readonly #controller: Dispatcher.DispatchController;
	#receiver: Receiver | undefined;
	#early: Buffer[] = [];
	#last: (() => void) | undefined;
	#over = false;

	constructor(controller: Dispatcher.DispatchController) {
		this.#controller = controller;
	}

	as(length: number | undefined): Body {
		return {
			length,
			start: (receiver) => {
				queueMicrotask(() => this.#begin(receiver));
				return {
					resume: () => this.#controller.resume(),
					stop: (reason) => {
						if (this.#over) return;
						this.#over = true;
						this.#controller.abort(reason);
					},
				};
			},
		};
	}

	data(chunk: Buffer): void {
		if (this.#over) return;
		if (this.#receiver === undefined) {
			this.#early.push(own(chunk, false));
			this.#controller.pause();
		} else if (!this.#receiver.data(chunk)) this.#controller.pause();
	}

	end(): void {
		this.#finish((receiver) => receiver.end());
	}

	fail(error: Error): void {
		this.#finish((receiver) => receiver.fail(error));
	}

	#begin(receiver: Receiver): void {
		if (this.#over) return;
		this.#receiver = receiver;
		let ready = true;
		for (const chunk of this.#early)
			ready = receiver.data(chunk, true) && ready;
		this.#early = [];
		if (this.#last !== undefined) this.#last();
		else if (ready) this.#controller.resume();
	}

	#finish(tell: (receiver: Receiver) => void): void {
		if (this.#over) return;
		const last = (): void => {
			if (this.#over) return;
			this.#over = true;
			tell(this.#receiver as Receiver);
		};
		if (this.#receiver === undefined) this.#last = last;
		else last();
	}
}
