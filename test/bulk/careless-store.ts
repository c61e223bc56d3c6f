/** A store that does not look at If-Match on some writes, and one where others write in between. It signs anew what it passes on. */
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { sign } from "../../src/sigv4/sign.ts";
import { accessKeyId, secretAccessKey } from "../support/gateway.ts";

export type Write = "put" | "copy" | "complete";

export interface Careless {
	readonly endpoint: string;
	/** Writes of objects, in order: what they were and of which path. */
	readonly writes: { readonly kind: Write; readonly path: string }[];
	/** Every request: method, target and headers. */
	readonly requests: {
		readonly method: string;
		readonly target: string;
		readonly headers: IncomingMessage["headers"];
	}[];
	/** Awaited before a write goes on. */
	before: (kind: Write, path: string) => Promise<void>;
	/** Told before its answer is passed on. */
	after: (kind: Write, path: string, status: number) => void;
	close(): Promise<void>;
}

export async function startCareless(
	honest: string,
	ignores: readonly Write[] = [],
): Promise<Careless> {
	const store = {
		writes: [] as Careless["writes"],
		requests: [] as Careless["requests"],
		before: async (_kind: Write, _path: string): Promise<void> => {},
		after: (_kind: Write, _path: string, _status: number): void => {},
	};
	const server = createServer(async (incoming, response) => {
		try {
			const chunks: Buffer[] = [];
			for await (const chunk of incoming) chunks.push(chunk as Buffer);
			const [path = "", query = ""] = (incoming.url ?? "").split("?");
			store.requests.push({
				method: incoming.method ?? "",
				target: incoming.url ?? "",
				headers: incoming.headers,
			});
			const kind = kindOf(incoming, query);
			if (kind !== undefined) {
				store.writes.push({ kind, path });
				await store.before(kind, path);
			}
			const drops = kind !== undefined && ignores.includes(kind);
			const sent = request(
				honest + incoming.url,
				{
					method: incoming.method ?? "",
					headers: signedAnew(incoming, path, query, honest, drops),
				},
				(answer) => {
					const status = answer.statusCode ?? 500;
					if (kind !== undefined) store.after(kind, path, status);
					response.writeHead(answer.statusCode ?? 500, answer.headers);
					answer.pipe(response);
				},
			);
			sent.on("error", () => response.destroy());
			sent.end(Buffer.concat(chunks));
		} catch {
			response.destroy();
		}
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

function kindOf(
	{ method, headers }: IncomingMessage,
	query: string,
): Write | undefined {
	if (method === "POST" && query.startsWith("uploadId=")) return "complete";
	if (method !== "PUT" || query !== "") return undefined;
	return headers["x-amz-copy-source"] === undefined ? "put" : "copy";
}

function signedAnew(
	incoming: IncomingMessage,
	path: string,
	query: string,
	honest: string,
	dropsCondition: boolean,
): Record<string, string> {
	const headers = new Map(
		Object.entries(incoming.headers as Record<string, string>),
	);
	for (const name of ["authorization", "x-amz-date", "connection"])
		headers.delete(name);
	if (dropsCondition) headers.delete("if-match");
	headers.set("host", new URL(honest).host);
	const payloadHash = headers.get("x-amz-content-sha256") ?? "";
	const pairs = [...new URLSearchParams(query)];
	const signed = sign(
		{ method: incoming.method ?? "", path, query: pairs, headers },
		{
			credentials: { accessKeyId, secretAccessKey },
			region: "us-east-1",
			now: new Date(),
			payloadHash,
		},
	);
	return Object.fromEntries(signed.headers);
}
