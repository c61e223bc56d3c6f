/**
 * A store that lies: a proxy in front of an honest one. It may change any answer, and serve objects of its own making,
 * whole, by ranges and by parts, as consistently as S3 would.
 */
import {
	createServer,
	type IncomingMessage,
	request,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
	readonly method: string;
	readonly path: string;
	readonly query: URLSearchParams;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

export interface Told {
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
}

/** An object as a store keeps it. */
export interface Kept {
	/** Without those of its size. */
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
	/** Bytes of its parts; undefined where it came in one PUT. */
	readonly parts: readonly number[] | undefined;
}

export interface HostileStore {
	readonly endpoint: string;
	readonly asked: Asked[];
	/** Served in place of the honest store's, by path: `/bucket/key`. */
	readonly shelf: Map<string, Kept>;
	/** Conditions that it does not look at. */
	readonly forget: Set<string>;
	/** Before it looks at a request. */
	before: (asked: Asked) => Promise<void>;
	/** Answers in place of the honest store, which hears nothing of it. */
	instead: (asked: Asked) => Told | undefined;
	/** Changes an answer, the shelf's too. */
	alter: (asked: Asked, told: Told) => Told | Promise<Told>;
	close(): Promise<void>;
}

export async function startHostileStore(honest: string): Promise<HostileStore> {
	const store = {
		asked: [] as Asked[],
		shelf: new Map<string, Kept>(),
		forget: new Set<string>(),
		before: async (_asked: Asked): Promise<void> => {},
		instead: (_asked: Asked): Told | undefined => undefined,
		alter: (_asked: Asked, told: Told): Told | Promise<Told> => told,
	};
	const serve = async (
		incoming: IncomingMessage,
		response: ServerResponse,
	): Promise<void> => {
		const asked = await readAsked(incoming);
		store.asked.push(asked);
		await store.before(asked);
		for (const name of store.forget) delete incoming.headers[name];
		const kept = store.shelf.get(asked.path);
		const reads = asked.method === "GET" || asked.method === "HEAD";
		const told =
			store.instead(asked) ??
			(kept !== undefined && reads
				? answerOf(kept, asked)
				: await forward(honest, incoming, asked));
		write(response, asked, await store.alter(asked, told));
	};
	const server = createServer((incoming, response) => {
		serve(incoming, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return Object.assign(store, {
		endpoint: `http://127.0.0.1:${port}`,
		close() {
			server.closeAllConnections();
			return new Promise<void>((resolve) => server.close(() => resolve()));
		},
	});
}

async function readAsked(incoming: IncomingMessage): Promise<Asked> {
	const chunks: Buffer[] = [];
	for await (const chunk of incoming) chunks.push(chunk as Buffer);
	const [path = "", query = ""] = (incoming.url as string).split("?", 2);
	return {
		method: incoming.method as string,
		path,
		query: new URLSearchParams(query),
		headers: incoming.headers as Record<string, string>,
		body: Buffer.concat(chunks),
	};
}

/** The signature covers the Host header, which travels on as it is. */
function forward(
	honest: string,
	incoming: IncomingMessage,
	{ method, body }: Asked,
): Promise<Told> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(honest);
		const { url: path, headers } = incoming;
		const options = { hostname, port, path: path as string, method, headers };
		const sent = request(options, (answer) => {
			const chunks: Buffer[] = [];
			answer.on("data", (chunk: Buffer) => chunks.push(chunk));
			answer.on("error", reject);
			answer.on("end", () =>
				resolve({
					status: answer.statusCode as number,
					headers: answer.headers as Record<string, string>,
					body: Buffer.concat(chunks),
				}),
			);
		});
		sent.on("error", reject);
		sent.end(body);
	});
}

function answerOf(
	{ headers, body, parts }: Kept,
	{ method, headers: asked, query }: Asked,
): Told {
	const own = { ...headers, etag: etagOf(headers, parts) };
	const cut = (
		status: number,
		start: number,
		end: number,
		more = {},
	): Told => ({
		status,
		headers: {
			...own,
			...more,
			"content-length": String(end - start),
			...(status === 206 && {
				"content-range": `bytes ${start}-${end - 1}/${body.length}`,
			}),
		},
		body: method === "HEAD" ? Buffer.alloc(0) : body.subarray(start, end),
	});
	const part = query.get("partNumber");
	if (part !== null) {
		const sizes = parts ?? [body.length];
		const start = sizes.slice(0, Number(part) - 1).reduce((a, b) => a + b, 0);
		const end = start + (sizes[Number(part) - 1] ?? 0);
		return cut(206, start, end, {
			"x-amz-mp-parts-count": String(sizes.length),
		});
	}
	const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(asked.range ?? "") ?? [];
	if (first === undefined) return cut(200, 0, body.length);
	if (Number(first) >= body.length) {
		return {
			status: 416,
			headers: {},
			body: Buffer.from("<Error><Code>InvalidRange</Code></Error>"),
		};
	}
	const end =
		last === "" ? body.length : Math.min(Number(last) + 1, body.length);
	return cut(206, Number(first), end);
}

function etagOf(headers: Kept["headers"], parts: Kept["parts"]): string {
	const [hex = "0".repeat(32)] = /[0-9a-f]{32}/.exec(headers.etag ?? "") ?? [];
	return parts === undefined ? `"${hex}"` : `"${hex}-${parts.length}"`;
}

/** As told, however wrong: a body shorter than its length ends with the connection. */
function write(response: ServerResponse, { method }: Asked, told: Told): void {
	const { status, headers, body } = told;
	response.writeHead(status, { ...headers });
	if (method === "HEAD") return void response.end();
	const declared = Number(headers["content-length"] ?? body.length);
	response.write(body, () => {
		if (declared > body.length) response.destroy();
		else response.end();
	});
}
