/** Chunks are lent or given: what keeps one copies it, and what is given is freed. And what is relied on in undici. */
import { createSecretKey } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
	type AddressInfo,
	createServer as createRawServer,
	type Server as RawServer,
	type Socket,
} from "node:net";
import { fileURLToPath } from "node:url";
import t from "tap";
import { provenStart } from "../../plugins/envelope/proven-start.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { Body } from "../../src/http/body.ts";
import { frameBody, type Integrity } from "../../src/http/frame-body.ts";
import { createUpstream, type Upstream } from "../../src/http/upstream.ts";
import { writeAnswer } from "../../src/http/write-answer.ts";
import { consuming, free, own } from "../../src/spent.ts";
import { chunked, collect, sample } from "../crypto/flow.ts";
import { startTestStore } from "../support/store.ts";

const content = sample(3 * 1024 ** 2 + 12_345);
/** As reads come: many small ones, and such that lie across the chunks of aws-chunked. */
const sizes = [70_000, 3, 4_096, 131_072];
const exchange = { signal: new AbortController().signal } as Exchange;

interface Test {
	teardown(action: () => unknown): void;
}

async function portOf(t: Test, server: Server | RawServer): Promise<number> {
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	t.teardown(() => server.close());
	return (server.address() as AddressInfo).port;
}

function upstreamAt(t: Test, endpoint: string, connections = 4): Upstream {
	const upstream = createUpstream({
		name: "store",
		endpoint,
		connections,
		timeouts: { connect: 5_000, answer: 5_000, idle: 5_000 },
		tls: { ca: pem("ca") },
	});
	t.teardown(() => upstream.close());
	return upstream;
}

function get(upstream: Upstream, target: string) {
	return upstream.send(
		{
			method: "GET",
			target,
			headers: new Map([["host", upstream.host]]),
			body: undefined,
			retries: 0,
		},
		exchange,
	);
}

t.test("an answer copies what it was only lent", async (t) => {
	const server = createServer((request, response) =>
		writeAnswer(
			request,
			response,
			{ status: 200, headers: new Map(), body: chunked(content, sizes) },
			{ minimumBodyRate: 1, bodyGrace: 10_000 },
		),
	);
	const port = await portOf(t, server);
	const answer = await fetch(`http://127.0.0.1:${port}/`);
	t.ok(Buffer.from(await answer.arrayBuffer()).equals(content));
});

t.test("a proven start copies what it was only lent", async (t) => {
	const { bytes } = await collect(
		await provenStart(chunked(content, [70_000])),
	);
	t.ok(bytes.subarray(0, 70_000).equals(content.subarray(0, 70_000)));
});

for (const integrity of ["trailer", "signed-chunks", "unsigned"] as const) {
	t.test(`an upload, ${integrity}, copies what it was lent`, async (t) => {
		const plain = await put(t, integrity, chunked(content, sizes));
		t.ok(plain.equals(content));
	});

	t.test(`an upload, ${integrity}, frees what it was given`, async (t) => {
		const chunks: Buffer[] = [];
		const plain = await put(t, integrity, {
			length: content.length,
			start(receiver) {
				queueMicrotask(() => {
					for (let at = 0; at < content.length; at += 65_536) {
						const chunk = own(content.subarray(at, at + 65_536), false);
						chunks.push(chunk);
						receiver.data(chunk, true);
					}
					receiver.end();
				});
				return { resume() {}, stop() {} };
			},
		});
		t.ok(plain.equals(content));
		// What is signed is gathered first, and what is gathered is left to the collector.
		if (integrity === "signed-chunks") return;
		t.equal(chunks.filter(({ length }) => length > 0).length, 0);
	});
}

async function put(t: Test, integrity: Integrity, body: Body): Promise<Buffer> {
	const store = await startTestStore();
	t.teardown(() => store.close());
	const framed = frameBody(body, integrity);
	const upstream = upstreamAt(t, store.endpoint);
	const seed = {
		signingKey: createSecretKey(Buffer.alloc(32)),
		amzDate: "20260101T000000Z",
		scope: { date: "20260101", region: "us-east-1", service: "s3" },
		signature: "0".repeat(64),
	};
	await upstream.send(
		{
			method: "PUT",
			target: "/bucket/key",
			headers: new Map([["host", upstream.host], ...framed.headers]),
			body: framed.body(seed),
			retries: 0,
		},
		exchange,
	);
	const sent = store.requests.at(-1)?.body as Buffer;
	return integrity === "unsigned" ? sent : unframed(sent);
}

function unframed(sent: Buffer): Buffer {
	const pieces: Buffer[] = [];
	for (let at = 0; ; ) {
		const end = sent.indexOf("\r\n", at);
		const size = Number.parseInt(sent.toString("latin1", at, end), 16);
		if (size === 0) return Buffer.concat(pieces);
		pieces.push(sent.subarray(end + 2, end + 2 + size));
		at = end + 4 + size;
	}
}

const pem = (name: string): string =>
	fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));

for (const scheme of ["http", "https"] as const) {
	t.test(`downloads at once through one buffer, ${scheme}`, async (t) => {
		const serve: RequestListener = (request, response) => {
			response.end(content.subarray(Number(request.url?.slice(1))));
		};
		const identity = {
			cert: readFileSync(pem("server")),
			key: readFileSync(pem("server").replace(".pem", ".key")),
		};
		const server =
			scheme === "http"
				? createServer(serve)
				: createSecureServer(identity, serve);
		const endpoint = `${scheme}://127.0.0.1:${await portOf(t, server)}`;
		const upstream = upstreamAt(t, endpoint);
		const shifts = [1, 2, 3, 4, 5, 6, 7, 8];
		const found = await Promise.all(
			shifts.map(async (shift) => {
				const { body } = await get(upstream, `/${shift}`);
				return slowly(body as Body);
			}),
		);
		for (const [index, shift] of shifts.entries()) {
			t.ok(found[index]?.equals(content.subarray(shift)), `from ${shift}`);
		}
	});
}

/** Asks for a pause at each chunk; keeps copies, as the contract wants. */
function slowly(body: Body): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		const pieces: Buffer[] = [];
		const flow = body.start({
			data(chunk) {
				pieces.push(Buffer.from(chunk));
				setImmediate(() => flow.resume());
				return false;
			},
			end: () => resolve(Buffer.concat(pieces)),
			fail: reject,
		});
	});
}

t.test("a download reads into the same memory each time", async (t) => {
	const server = createServer((_, response) => response.end(content));
	const upstream = upstreamAt(t, `http://127.0.0.1:${await portOf(t, server)}`);
	const { body } = await get(upstream, "/");
	const lent = new Set<ArrayBufferLike>();
	await new Promise<void>((resolve, reject) => {
		body?.start({
			data(chunk, given) {
				// undici flushes its parser with an empty one.
				if (!given && chunk.length > 0) lent.add(chunk.buffer);
				return true;
			},
			end: resolve,
			fail: reject,
		});
	});
	t.equal(lent.size, 1);
});

t.test(
	"a head that comes in pieces is read whole while other bodies come",
	async (t) => {
		const server = createRawServer((socket) => {
			socket.on("error", () => {});
			socket.once("data", (head) => serve(socket, String(head)));
		});
		let begun: Socket | undefined;
		const serve = (socket: Socket, head: string): void => {
			if (head.startsWith("GET /slow")) {
				socket.write("HTTP/1.1 200 OK\r\nx-first: one\r\nx-sec", () => {
					begun = socket;
					slowBegun();
				});
				return;
			}
			socket.end(
				Buffer.concat([
					Buffer.from(
						`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n`,
					),
					content,
				]),
			);
		};
		let slowBegun = (): void => {};
		const upstream = upstreamAt(
			t,
			`http://127.0.0.1:${await portOf(t, server)}`,
		);
		const waiting = new Promise<void>((resolve) => {
			slowBegun = resolve;
		});
		const slow = get(upstream, "/slow");
		await waiting;
		const { body } = await get(upstream, "/large");
		t.ok((await slowly(body as Body)).equals(content));
		begun?.end("ond: two\r\ncontent-length: 2\r\n\r\nok");
		const answer = await slow;
		t.equal(answer.headers.get("x-first"), "one");
		t.equal(answer.headers.get("x-second"), "two");
		t.equal(String(await slowly(answer.body as Body)), "ok");
	},
);

t.test("memory", async (t) => {
	t.test("of a view is not freed with it", async (t) => {
		const whole = Buffer.allocUnsafeSlow(65_536).fill(1);
		free(whole.subarray(0, 32_768));
		t.equal(whole.length, 65_536);
		free(whole);
		t.equal(whole.length, 0);
	});

	t.test("that was lent outlives the stage that used it", async (t) => {
		const stage = consuming({ data: () => true, end() {} });
		const lent = Buffer.allocUnsafeSlow(65_536);
		stage.data(lent);
		t.equal(lent.length, 65_536);
		stage.data(lent, true);
		t.equal(lent.length, 0);
	});

	t.test("of node:http's body chunks is their own", async (t) => {
		let views = 0;
		const server = createServer((request, response) => {
			request.on("data", (chunk: Buffer) => {
				if (chunk.buffer.byteLength !== chunk.byteLength) views += 1;
			});
			request.on("end", () => response.end());
		});
		const port = await portOf(t, server);
		await fetch(`http://127.0.0.1:${port}/`, { method: "PUT", body: content });
		t.equal(views, 0);
	});
});
