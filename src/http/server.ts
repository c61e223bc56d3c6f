/** The listener: turns HTTP/1.1 requests into S3 requests, and S3 responses into answers. */
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { SealgateError } from "../errors.ts";
import type { Received } from "../exchange.ts";
import type { S3Response } from "../pipeline.ts";
import type { Body, Flow } from "./body.ts";
import type { HeaderMap } from "./headers.ts";
import { type PeerOptions, Peers } from "./peers.ts";
import { watchProgress } from "./progress.ts";
import { failedHandshake, type TlsIdentity, tlsOptions } from "./tls.ts";

/** Sizes in bytes, times in milliseconds. */
export interface ServerLimits {
	readonly headerBytes: number;
	readonly headerCount: number;
	readonly targetBytes: number;
	readonly headerTime: number;
	readonly keepAlive: number;
	readonly connections: number;
	/** Bytes a second below which a body is given up, once `bodyGrace` has passed. */
	readonly minimumBodyRate: number;
	readonly bodyGrace: number;
}

/** A request as the wire gave it. The body has not been asked for. */
export interface Arrival {
	readonly received: Received;
	readonly headers: HeaderMap;
	/** Absent where the request declares none. `length` is Content-Length; undefined for chunked transfer coding. */
	readonly body: Body | undefined;
	/** Aborts when the client has gone. */
	readonly signal: AbortSignal;
}

/** Answers an arrival. Never rejects. */
export type Responder = (arrival: Arrival) => Promise<S3Response>;

/** Names that may come once only: joining two of them would change what was signed or meant. RFC 9110 section 5.3. */
const singletons = new Set([
	"authorization",
	"content-encoding",
	"content-md5",
	"content-type",
	"date",
	"expect",
	"host",
	"range",
]);

function singleton(name: string): boolean {
	return (
		singletons.has(name) ||
		(name.startsWith("x-amz-") && !name.startsWith("x-amz-meta-"))
	);
}

/** @throws SealgateError `http-malformed` for a field that may not be repeated, `headers-too-large` */
function readHeaders(
	request: IncomingMessage,
	limits: ServerLimits,
): HeaderMap {
	const raw = request.rawHeaders;
	if (raw.length / 2 > limits.headerCount) {
		throw new SealgateError(
			"headers-too-large",
			`The request has more than ${limits.headerCount} header fields.`,
		);
	}
	const headers = new Map<string, string>();
	for (let index = 0; index < raw.length; index += 2) {
		const name = (raw[index] as string).toLowerCase();
		const value = raw[index + 1] as string;
		const before = headers.get(name);
		if (before !== undefined && singleton(name)) {
			throw new SealgateError(
				"http-malformed",
				`The header ${name} appears more than once.`,
			);
		}
		headers.set(name, before === undefined ? value : `${before},${value}`);
	}
	return headers;
}

/** The request's body as the gateway's kind; asks the client for it (`100 Continue`) when it is started. */
function readBody(
	request: IncomingMessage,
	response: ServerResponse,
	limits: ServerLimits,
): Body | undefined {
	const declared = request.headers["content-length"];
	const chunked = request.headers["transfer-encoding"] !== undefined;
	if (!chunked && (declared === undefined || Number(declared) === 0))
		return undefined;
	return {
		length: chunked ? undefined : Number(declared),
		start(receiver) {
			let over = false;
			const finish = (last: () => void): void => {
				if (over) return;
				over = true;
				progress.end();
				last();
			};
			const progress = watchProgress(limits, () => {
				const error = new SealgateError(
					"body-too-slow",
					"Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.",
				);
				request.pause();
				finish(() => receiver.fail(error));
			});
			const flow: Flow = {
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
			request.on("data", (chunk: Buffer) => {
				if (over) return;
				progress.moved(chunk.length);
				if (!receiver.data(chunk) && !over) {
					progress.pause();
					request.pause();
				}
			});
			request.on("end", () => finish(() => receiver.end()));
			const cut = (): void =>
				finish(() =>
					receiver.fail(
						new SealgateError(
							"body-incomplete",
							"You did not provide the number of bytes specified by the Content-Length HTTP header.",
						),
					),
				);
			request.on("error", cut);
			request.on("close", cut);
			if (request.destroyed && !request.complete) queueMicrotask(cut);
			if (expectsContinue(request)) response.writeContinue();
			return flow;
		},
	};
}

function expectsContinue(request: IncomingMessage): boolean {
	return request.headers.expect?.toLowerCase() === "100-continue";
}

/** Bytes of an unread body that are worth reading to keep a connection. */
const drainBytes = 256 * 1024;
/** Milliseconds for which an answered client may go on sending a body that nobody reads. */
const lingerTime = 2_000;

/**
 * Decides what becomes of the connection when the answer leaves before the body was read. A client that waits for
 * `100 Continue` may skip the body and send its next request: never read on there. A short body is read and thrown away.
 * Otherwise the connection closes, after the client had time to read the answer: a reset would lose it.
 */
function settleUnreadBody(
	request: IncomingMessage,
	response: ServerResponse,
	asked: boolean,
): void {
	if (request.complete) return;
	const declared = Number(
		request.headers["content-length"] ?? Number.POSITIVE_INFINITY,
	);
	if (!asked && !expectsContinue(request) && declared <= drainBytes) {
		request.resume();
		return;
	}
	response.setHeader("connection", "close");
	const socket = request.socket;
	socket.destroySoon = () => {
		const timer = setTimeout(() => socket.destroy(), lingerTime);
		socket.once("close", () => clearTimeout(timer));
		socket.end();
		request.on("error", () => {});
		if (asked || !expectsContinue(request)) {
			request.removeAllListeners("data");
			request.resume();
			request.once("end", () => socket.destroy());
		}
		socket.once("end", () => socket.destroy());
	};
}

/** Statuses whose answers have no body by definition. RFC 9110 section 6.4.1. */
function bodiless(method: string, status: number): boolean {
	return method === "HEAD" || status === 204 || status === 304;
}

/** Writes the answer; resolves with the number of body bytes written when it is over, whole or cut. */
function writeAnswer(
	request: IncomingMessage,
	response: ServerResponse,
	answer: S3Response,
	limits: ServerLimits,
	asked: boolean,
): void {
	for (const [name, value] of answer.headers) response.setHeader(name, value);
	response.statusCode = answer.status;
	settleUnreadBody(request, response, asked);
	const body = answer.body;
	if (body === undefined || bodiless(request.method as string, answer.status)) {
		if (body !== undefined)
			body
				.start({ data: () => true, end() {}, fail() {} })
				.stop(new Error("no body is due"));
		if (
			!response.hasHeader("content-length") &&
			!bodiless(request.method as string, answer.status)
		) {
			response.setHeader("content-length", "0");
		}
		response.end();
		return;
	}
	if (body.length !== undefined)
		response.setHeader("content-length", String(body.length));
	response.flushHeaders();
	const progress = watchProgress(limits, () => {
		flow.stop(new Error("the client reads too slowly"));
		response.destroy();
	});
	progress.pause();
	const flow = body.start({
		data(chunk) {
			progress.moved(chunk.length);
			const ready = response.write(chunk);
			if (!ready) progress.resume();
			return ready;
		},
		end() {
			progress.end();
			response.end();
		},
		fail() {
			// A clean end would pass a cut body off as a whole one.
			progress.end();
			response.destroy();
		},
	});
	response.on("drain", () => {
		progress.pause();
		flow.resume();
	});
	response.on("close", () => {
		progress.end();
		if (!response.writableFinished) flow.stop(new Error("the client has gone"));
	});
}

function describe(request: IncomingMessage, peers: Peers): Received {
	return {
		method: request.method as string,
		target: request.url as string,
		host: request.headers.host ?? "",
		...peers.of(request),
	};
}

export interface ListenerOptions extends Omit<PeerOptions, "time"> {
	/** Where the listener ends TLS. */
	readonly identity: TlsIdentity | undefined;
}

/** Plain HTTP, and nobody before it. */
export const plainListener: ListenerOptions = {
	identity: undefined,
	trusted: [],
	proxyProtocol: false,
	forwardedProto: false,
};

/**
 * A listener that is not listening yet. `refuse` answers a request whose head cannot be read.
 */
export function createListener(
	limits: ServerLimits,
	respond: Responder,
	refuse: (error: unknown, received: Received) => S3Response,
	{ identity, ...options }: ListenerOptions = plainListener,
): Server {
	const peers = new Peers({ ...options, time: limits.headerTime });
	const serve = async (
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> => {
		const received = describe(request, peers);
		let asked = false;
		let answer: S3Response;
		try {
			if (received.target.length > limits.targetBytes) {
				throw new SealgateError(
					"uri-malformed",
					`The request target is longer than ${limits.targetBytes} bytes.`,
				);
			}
			const gone = new AbortController();
			response.once("close", () => gone.abort());
			const body = readBody(request, response, limits);
			answer = await respond({
				received,
				headers: readHeaders(request, limits),
				body: body && {
					length: body.length,
					start(receiver) {
						asked = true;
						return body.start(receiver);
					},
				},
				signal: gone.signal,
			});
		} catch (error) {
			answer = refuse(error, received);
		}
		writeAnswer(request, response, answer, limits, asked);
	};
	const http = {
		maxHeaderSize: limits.headerBytes,
		headersTimeout: limits.headerTime,
		// A slow upload may take hours: bodies are bounded by progress, not by a total.
		requestTimeout: 0,
		keepAliveTimeout: limits.keepAlive,
		connectionsCheckingInterval: 1_000,
		highWaterMark: 256 * 1024,
		noDelay: true,
	};
	const server =
		identity === undefined
			? createServer(http, serve)
			: createSecureServer(
					{ ...http, ...tlsOptions(identity, limits.headerTime) },
					serve,
				);
	peers.readHeaders(server);
	server.maxConnections = limits.connections;
	server.on("checkContinue", serve);
	server.on(
		"checkExpectation",
		(request: IncomingMessage, response: ServerResponse) => {
			const error = new SealgateError(
				"http-malformed",
				"The only expectation served is 100-continue.",
			);
			writeAnswer(
				request,
				response,
				{ ...refuse(error, describe(request, peers)), status: 417 },
				limits,
				false,
			);
		},
	);
	server.on("connect", (_request: IncomingMessage, socket: Socket) =>
		socket.end(
			"HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
		),
	);
	server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
		if (
			error.code === "ECONNRESET" ||
			!socket.writable ||
			failedHandshake(error)
		)
			return socket.destroy();
		const status =
			error.code === "HPE_HEADER_OVERFLOW"
				? "431 Request Header Fields Too Large"
				: error.code === "ERR_HTTP_REQUEST_TIMEOUT"
					? "408 Request Timeout"
					: "400 Bad Request";
		socket.end(
			`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
		);
	});
	return server;
}
