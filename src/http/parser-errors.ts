/** Answers to what Node's parser refuses: the same S3 error document as any other refusal, counted and logged. */
import { type Server, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { SealgateError } from "../errors.ts";
import type { S3Response } from "../pipeline.ts";
import { Connection } from "./connection.ts";
import { lingeringEnd } from "./linger.ts";

/** @param refuse makes the answer to a request whose head was never read */
export function answerParserErrors(
	server: Server,
	refuse: (error: SealgateError, socket: Socket) => S3Response,
): void {
	server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
		const connection = Connection.of(socket);
		// The parser fails again on each packet that still arrives.
		if (!connection.break()) return;
		const fault = parserFault(error);
		if (fault === undefined || !socket.writable) {
			socket.destroy();
			return;
		}
		// A client that opened the connection in advance would read an answer as that to its first request.
		if (fault.code === "head-too-slow" && socket.bytesRead === 0) {
			socket.destroy();
			return;
		}
		refuseRest(socket, fault, () => refuse(fault, socket));
	});
}

/** Ends a connection whose bytes can no longer be read as HTTP, with a refusal unless an answer is underway. */
export function refuseRest(
	socket: Socket,
	fault: SealgateError,
	answer: () => S3Response,
): void {
	const connection = Connection.of(socket);
	connection.break();
	const { turn } = connection;
	if (turn === undefined) {
		lingeringEnd(socket, rawAnswer(answer()));
		return;
	}
	// Written now, the refusal would be taken for the answer underway.
	turn.failBody(fault);
	turn.response.once("close", () => lingeringEnd(socket));
}

/** Undefined where the connection broke, and there is nobody to answer. */
function parserFault({
	code = "",
	message,
}: NodeJS.ErrnoException): SealgateError | undefined {
	if (code === "HPE_HEADER_OVERFLOW") {
		return new SealgateError(
			"headers-too-large",
			"Your request header section exceeds the maximum allowed size.",
		);
	}
	if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
		return new SealgateError(
			"head-too-slow",
			"The head of your request did not arrive within the timeout period.",
		);
	}
	if (code === "HPE_INVALID_EOF_STATE") {
		return new SealgateError(
			"body-incomplete",
			"The connection ended before the request did.",
		);
	}
	if (!code.startsWith("HPE_")) return undefined;
	return new SealgateError(
		"http-malformed",
		`The request is not valid HTTP/1.1: ${message.replace(/^Parse Error: /, "")}.`,
	);
}

/** An answer for a socket that has no request: `Connection: close`, and a body that is in memory. */
function rawAnswer({ status, headers, body }: S3Response): Buffer {
	const content = body?.content ?? Buffer.alloc(0);
	const lines = [
		`HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
		...[...headers].map(([name, value]) => `${name}: ${value}`),
		`content-length: ${content.length}`,
		"connection: close",
	];
	const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
	return Buffer.concat([head, content]);
}
