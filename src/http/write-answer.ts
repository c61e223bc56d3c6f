/** The answer on the wire. A body that breaks off destroys the connection: it never ends cleanly. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { S3Response } from "../pipeline.ts";
import { free, own } from "../spent.ts";
import { type Body, discard } from "./body.ts";
import { type ProgressLimits, watchProgress } from "./progress.ts";

/** Statuses whose answers have no body by definition. RFC 9110 section 6.4.1. */
function bodiless(method: string, status: number): boolean {
	return method === "HEAD" || status === 204 || status === 304;
}

export function writeAnswer(
	request: IncomingMessage,
	response: ServerResponse,
	answer: S3Response,
	limits: ProgressLimits,
): void {
	for (const [name, value] of answer.headers) response.setHeader(name, value);
	response.statusCode = answer.status;
	const { body } = answer;
	const bare = bodiless(request.method as string, answer.status);
	if (body !== undefined && !bare) {
		writeBody(response, body, limits);
		return;
	}
	discard(body, "no body is due");
	if (!bare && !response.hasHeader("content-length")) {
		response.setHeader("content-length", "0");
	}
	response.end();
	expectFlush(response, limits);
}

/** What is still to be flushed must move within the grace period; Node replaces the time-out when it has left. */
function expectFlush(response: ServerResponse, limits: ProgressLimits): void {
	response.socket?.setTimeout(limits.bodyGrace);
}

function writeBody(
	response: ServerResponse,
	body: Body,
	limits: ProgressLimits,
): void {
	if (body.length !== undefined)
		response.setHeader("content-length", String(body.length));
	// The head and what is at hand of the body leave in one write: of a small answer, all of it.
	response.cork();
	response.flushHeaders();
	const progress = watchProgress(limits, () => {
		flow.stop(new Error("the client reads too slowly"));
		response.destroy();
	});
	progress.pause();
	let unflushed = 0;
	let whole = false;
	// Node takes a connection for idle once its answer is ended, flushed or not, and cuts it when it closes.
	const endFlushed = (): void => {
		if (whole && unflushed === 0) response.end();
	};
	const flushed = (): void => {
		unflushed -= 1;
		endFlushed();
	};
	const flow = body.start({
		data(chunk, given) {
			progress.moved(chunk.length);
			unflushed += 1;
			const kept = own(chunk, given);
			const ready = response.write(kept, (error) => {
				if (!error) free(kept);
				flushed();
			});
			if (!ready) progress.resume();
			return ready;
		},
		end() {
			progress.end();
			whole = true;
			expectFlush(response, limits);
			endFlushed();
		},
		fail() {
			// A clean end would pass a cut body off as a whole one.
			progress.end();
			response.destroy();
		},
	});
	queueMicrotask(() => response.uncork());
	response.on("drain", () => {
		progress.pause();
		flow.resume();
	});
	response.on("close", () => {
		progress.end();
		if (!response.writableFinished) flow.stop(new Error("the client has gone"));
	});
}
