/** A store of a page: keeps what it is sent, records each request as it came, and believes nothing is wrong. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo } from "node:net";

export interface RecordedRequest {
	readonly method: string;
	readonly target: string;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	/** After HTTP framing: aws-chunked is visible. */
	readonly body: Buffer;
	/** Whether the body reached its declared end. */
	readonly complete: boolean;
}

export interface TestStore {
	readonly endpoint: string;
	readonly requests: RecordedRequest[];
	/** Resolves when the next request has ended, whole or cut. */
	next(): Promise<RecordedRequest>;
	close(): Promise<void>;
}

export type Answer = (
	request: RecordedRequest,
	response: ServerResponse,
) => void;

export async function startTestStore(
	answer: Answer = keepObjects(),
	secure = false,
): Promise<TestStore> {
	const requests: RecordedRequest[] = [];
	const waiting: ((request: RecordedRequest) => void)[] = [];
	const listener = (request: IncomingMessage, response: ServerResponse) => {
		const chunks: Buffer[] = [];
		let told = false;
		const end = (complete: boolean): void => {
			if (told) return;
			told = true;
			const recorded = {
				method: request.method as string,
				target: request.url as string,
				headers: request.headers,
				body: Buffer.concat(chunks),
				complete,
			};
			requests.push(recorded);
			waiting.shift()?.(recorded);
			if (complete) answer(recorded, response);
		};
		request.on("data", (chunk: Buffer) => chunks.push(chunk));
		request.on("end", () => end(true));
		request.on("close", () => end(false));
		request.on("error", () => end(false));
	};
	const server = secure
		? createSecure(files(), listener)
		: createServer(listener);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		endpoint: `${secure ? "https" : "http"}://127.0.0.1:${port}`,
		requests,
		next: () => new Promise((resolve) => waiting.push(resolve)),
		close() {
			server.closeAllConnections();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}

/** Of the certificates that a client must trust to speak to a secure store. */
export const caFile = new URL("tls/ca.pem", import.meta.url).pathname;

function files() {
	const read = (name: string) =>
		readFileSync(new URL(`tls/${name}`, import.meta.url));
	return { cert: read("server.pem"), key: read("server.key") };
}

/** Keeps decoded bodies under the path of the request and gives them back. */
export function keepObjects(): Answer {
	const objects = new Map<string, Buffer>();
	return (request, response) => {
		const path = request.target.split("?", 1)[0] as string;
		if (request.method === "PUT") {
			const content = unframed(request);
			objects.set(path, content);
			response
				.writeHead(200, {
					etag: `"${createHash("md5").update(content).digest("hex")}"`,
				})
				.end();
			return;
		}
		const content = objects.get(path);
		if (request.method === "DELETE") {
			objects.delete(path);
			response.writeHead(204).end();
		} else if (content === undefined) {
			response.writeHead(404, { "content-type": "application/xml" });
			response.end(
				"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
			);
		} else {
			response.writeHead(200, { "content-length": content.length });
			response.end(request.method === "HEAD" ? undefined : content);
		}
	};
}

/** The content of an aws-chunked body, read without the code under test. */
export function unframed(request: RecordedRequest): Buffer {
	if (!String(request.headers["x-amz-content-sha256"]).startsWith("STREAMING-"))
		return request.body;
	const pieces: Buffer[] = [];
	let offset = 0;
	for (;;) {
		const feed = request.body.indexOf("\r\n", offset);
		const size = Number.parseInt(
			request.body.toString("latin1", offset, feed),
			16,
		);
		if (!(size > 0)) return Buffer.concat(pieces);
		pieces.push(request.body.subarray(feed + 2, feed + 2 + size));
		offset = feed + 2 + size + 2;
	}
}
