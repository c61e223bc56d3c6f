/**
 * A store without a disk: it keeps the first and the last kilobyte of each part, and all of the parts that are asked
 * for. What of an object it no longer has, it answers with 500.
 */
import { randomBytes } from "node:crypto";
import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

const edge = 1_024;

interface Part {
	readonly size: number;
	readonly etag: string;
	/** By their place in the part. */
	readonly kept: readonly (readonly [start: number, bytes: Buffer])[];
}

interface Uploaded {
	readonly headers: Readonly<Record<string, string>>;
	readonly parts: Map<number, Part>;
}

export interface SinkStore {
	readonly endpoint: string;
	/** Requests that were answered so far. */
	asked(): number;
	close(): Promise<void>;
}

/** One object at a time, whatever its name. Nothing is verified. @param whole numbers of the parts that are kept whole */
export async function startSinkStore(
	whole: ReadonlySet<number>,
): Promise<SinkStore> {
	let upload: Uploaded = { headers: {}, parts: new Map() };
	let asked = 0;
	const serve = async (
		request: IncomingMessage,
		response: ServerResponse,
	): Promise<void> => {
		asked++;
		const { searchParams: query } = new URL(request.url as string, "http://s");
		const number = Number(query.get("partNumber"));
		if (request.method === "POST" && query.has("uploads")) {
			upload = { headers: ownHeaders(request), parts: new Map() };
			await readPart(request, true);
			return answer(response, 200, "<R><UploadId>one</UploadId></R>");
		}
		if (request.method === "PUT") {
			const part = await readPart(request, whole.has(number));
			upload.parts.set(number, part);
			response.setHeader("etag", `"${part.etag}"`);
			return answer(response, 200, "");
		}
		await readPart(request, true);
		if (request.method === "POST") {
			const etag = `"${etagOf(upload)}"`;
			const text = `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`;
			return answer(response, 200, text);
		}
		read(request, response, upload, number);
	};
	const server = createServer((request, response) => {
		serve(request, response).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	return {
		endpoint: `http://127.0.0.1:${port}`,
		asked: () => asked,
		close() {
			server.closeAllConnections();
			return new Promise((resolve) => server.close(() => resolve()));
		},
	};
}

function ownHeaders({ headers }: IncomingMessage): Record<string, string> {
	const own = Object.entries(headers).filter(
		([name]) => name.startsWith("x-amz-meta-") || name === "content-type",
	);
	return Object.fromEntries(own) as Record<string, string>;
}

async function readPart(
	request: IncomingMessage,
	whole: boolean,
): Promise<Part> {
	const pieces: Buffer[] = [];
	const first: Buffer[] = [];
	let size = 0;
	let held = 0;
	for await (const piece of request as AsyncIterable<Buffer>) {
		if (size < edge) first.push(Buffer.from(piece.subarray(0, edge - size)));
		size += piece.length;
		held += piece.length;
		pieces.push(piece);
		while (!whole && held - (pieces[0] as Buffer).length >= edge)
			held -= (pieces.shift() as Buffer).length;
	}
	const end = Buffer.concat(pieces);
	const last = whole ? end : Buffer.from(end.subarray(-edge));
	const kept: Part["kept"] = [
		[0, Buffer.concat(first)],
		[size - last.length, last],
	];
	return { size, etag: randomBytes(16).toString("hex"), kept };
}

function etagOf({ parts }: Uploaded): string {
	return `${"0".repeat(32)}-${parts.size}`;
}

function read(
	request: IncomingMessage,
	response: ServerResponse,
	upload: Uploaded,
	number: number,
): void {
	const parts = [...upload.parts.entries()]
		.sort(([a], [b]) => a - b)
		.map(([, part]) => part);
	const total = parts.reduce((sum, { size }) => sum + size, 0);
	const headers = { ...upload.headers, etag: `"${etagOf(upload)}"` };
	for (const [name, value] of Object.entries(headers))
		response.setHeader(name, value);
	if (request.method === "HEAD") {
		const size = number > 0 ? parts[number - 1]?.size : total;
		if (number > 0) {
			response.setHeader("x-amz-mp-parts-count", String(parts.length));
			response.statusCode = 206;
		}
		response.setHeader("content-length", String(size));
		return void response.end();
	}
	const [, from = "0", to = ""] =
		/^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
	const start = Number(from);
	const end = to === "" ? total : Math.min(Number(to) + 1, total);
	const bytes = stretch(parts, start, end);
	if (bytes === undefined) {
		answer(response, 500, "<Error/>");
		return;
	}
	response.setHeader("content-range", `bytes ${start}-${end - 1}/${total}`);
	answer(response, 206, bytes);
}

/** Undefined where some of it is gone. */
function stretch(
	parts: readonly Part[],
	start: number,
	end: number,
): Buffer | undefined {
	const found: Buffer[] = [];
	let at = 0;
	for (const { size, kept } of parts) {
		const from = Math.max(start, at) - at;
		const to = Math.min(end, at + size) - at;
		at += size;
		if (from >= to) continue;
		const one = kept.find(
			([begin, bytes]) => begin <= from && to <= begin + bytes.length,
		);
		if (one === undefined) return undefined;
		found.push(one[1].subarray(from - one[0], to - one[0]));
	}
	return Buffer.concat(found);
}

function answer(
	response: ServerResponse,
	status: number,
	body: string | Buffer,
): void {
	response.statusCode = status;
	response.setHeader("content-length", String(Buffer.byteLength(body)));
	response.end(body);
}
