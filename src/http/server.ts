/** The listener: turns HTTP/1.1 requests into S3 requests, and S3 responses into answers. */
import {
	createServer,
	type IncomingMessage,
	type Server,
	type ServerOptions,
	type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { SealgateError } from "../errors.ts";
import type { Received } from "../exchange.ts";
import type { S3Response } from "../pipeline.ts";
import type { Body } from "./body.ts";
import { Connection } from "./connection.ts";
import { checkHead } from "./head-safety.ts";
import type { HeaderMap } from "./headers.ts";
import { answerParserErrors, refuseRest } from "./parser-errors.ts";
import { type PeerOptions, Peers } from "./peers.ts";
import { readHeaders } from "./read-headers.ts";
import { RequestBody } from "./request-body.ts";
import { type TlsIdentity, tlsOptions } from "./tls.ts";
import { writeAnswer } from "./write-answer.ts";

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

/** Methods whose request bodies other servers may take for a next request. RFC 9110 sections 9.3.1 to 9.3.5. */
const withoutBodies = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

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

/** One for all requests: an abort without a reason makes a DOMException with its stack, for each request that ends. */
const overReason = new Error("the answer has ended, or the client has gone");

/** The arrival that the head describes. @throws SealgateError where it can be read in two ways, or is too large */
function readHead(
	request: IncomingMessage,
	received: Received,
	limits: ServerLimits,
): { received: Received; headers: HeaderMap } {
	if (received.target.length > limits.targetBytes) {
		throw new SealgateError(
			"uri-malformed",
			`The request target is longer than ${limits.targetBytes} bytes.`,
		);
	}
	const headers = readHeaders(request.rawHeaders, limits.headerCount);
	const target = checkHead({
		version: request.httpVersion,
		target: received.target,
		headers,
	});
	return { received: { ...received, target }, headers };
}

function optionsOf(limits: ServerLimits): ServerOptions {
	return {
		maxHeaderSize: limits.headerBytes,
		headersTimeout: limits.headerTime,
		// A slow upload may take hours: bodies are bounded by progress, not by a total.
		requestTimeout: 0,
		keepAliveTimeout: limits.keepAlive,
		connectionsCheckingInterval: 1_000,
		highWaterMark: 256 * 1024,
		noDelay: true,
		// Refused by head-safety.ts, with an S3 error document.
		requireHostHeader: false,
	};
}

/**
 * A listener that is not listening yet. `refuse` answers a request whose head cannot be read.
 */
export function createListener(
	limits: ServerLimits,
	respond: Responder,
	refuse: (error: unknown, received: Received) => S3Response,
	{ identity, ...before }: ListenerOptions = plainListener,
): Server {
	const peers = new Peers({ ...before, time: limits.headerTime });
	const serve = async (
		request: IncomingMessage,
		response: ServerResponse,
		content: RequestBody,
	): Promise<void> => {
		let received = describe(request, peers);
		let answer: S3Response;
		try {
			const head = readHead(request, received, limits);
			received = head.received;
			const { body } = content;
			if (body !== undefined && withoutBodies.has(received.method)) {
				response.setHeader("connection", "close");
			}
			const gone = new AbortController();
			response.once("close", () => gone.abort(overReason));
			answer = await respond({ ...head, body, signal: gone.signal });
		} catch (error) {
			response.setHeader("connection", "close");
			answer = refuse(error, received);
		}
		if (!server.listening || Connection.of(request.socket).broken) {
			response.setHeader("connection", "close");
		}
		content.settle();
		writeAnswer(request, response, answer, limits);
	};
	const arrive = (request: IncomingMessage, response: ServerResponse): void => {
		const content = new RequestBody(request, response, limits);
		response.once("close", () => {
			// Its head may have left before the gateway began to drain, and have promised to keep the connection.
			if (!server.listening) server.closeIdleConnections();
		});
		const failBody = (error: Error): void => content.fail(error);
		Connection.of(request.socket).take({ request, response, failBody }, () =>
			serve(request, response, content),
		);
	};
	const http = optionsOf(limits);
	const server =
		identity === undefined
			? createServer(http, arrive)
			: createSecureServer(
					{ ...http, ...tlsOptions(identity, limits.headerTime) },
					arrive,
				);
	peers.readHeaders(server);
	server.maxConnections = limits.connections;
	// A worker that has no room closes one more, rather than have it handed from worker to worker. Not in the types yet.
	Object.assign(server, { dropMaxConnection: true });
	// What is over the limit of Node is dropped in silence: one more than ours shows that there are too many.
	server.maxHeadersCount = limits.headerCount + 1;
	server.on("checkContinue", arrive);
	server.on("checkExpectation", arrive);
	server.on("connect", (request: IncomingMessage, socket: Socket) => {
		const error = new SealgateError(
			"method-not-allowed",
			"The specified method is not allowed against this resource.",
			{ fields: { Method: "CONNECT", ResourceType: "SERVICE" } },
		);
		refuseRest(socket, error, () => refuse(error, describe(request, peers)));
		// Node's parser has let go of it: what arrives is thrown away.
		socket.resume();
	});
	answerParserErrors(server, (error, socket) =>
		refuse(error, {
			method: "",
			target: "",
			host: "",
			remoteAddress: peers.addressOf(socket),
			secure: socket instanceof TLSSocket,
		}),
	);
	return server;
}
