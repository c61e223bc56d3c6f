/** Signed S3 requests as bytes, header by header, written without the code under test. */
import { createHash, createHmac } from "node:crypto";
import { accessKeyId, secretAccessKey } from "./gateway.ts";

export type Field = readonly [name: string, value: string];

export interface Unsigned {
	readonly method: string;
	/** Sent byte for byte; its path must be encoded as it is signed. */
	readonly target: string;
	/** In order, Host and signature excepted; all are signed but those of `unsigned`. */
	readonly headers?: readonly Field[];
	readonly unsigned?: readonly string[];
	/** `x-amz-content-sha256`; absent: the hash of `body`. */
	readonly payload?: string;
	/** Absent: `127.0.0.1`. */
	readonly host?: string;
	readonly body?: string | Buffer;
}

export interface Signed {
	/** The head with its empty line. */
	readonly head: string;
	/** Head and body. */
	readonly bytes: Buffer;
	readonly chain: ChunkChain;
}

export const sha256 = (bytes: string | Buffer): string =>
	createHash("sha256").update(bytes).digest("hex");

const hmac = (key: string | Buffer, text: string): Buffer =>
	createHmac("sha256", key).update(text).digest();

export const md5 = (bytes: string | Buffer): string =>
	createHash("md5").update(bytes).digest("base64");

/** Signatures of chunks and trailers, each over the one before it. */
export class ChunkChain {
	readonly #key: Buffer;
	readonly #context: string;
	#signature: string;

	constructor(key: Buffer, context: string, seed: string) {
		this.#key = key;
		this.#context = context;
		this.#signature = seed;
	}

	chunk(data: string | Buffer): Buffer {
		const bytes = Buffer.from(data as string);
		this.#sign("AWS4-HMAC-SHA256-PAYLOAD", `${sha256("")}\n${sha256(bytes)}`);
		const size = bytes.length.toString(16);
		const line = `${size};chunk-signature=${this.#signature}\r\n`;
		return bytes.length === 0
			? Buffer.from(line)
			: Buffer.concat([Buffer.from(line), bytes, Buffer.from("\r\n")]);
	}

	/** The end of a body without trailers is `chunk("")` and an empty line; of one with a trailer, this behind it. */
	trailer(name: string, value: string): Buffer {
		this.#sign("AWS4-HMAC-SHA256-TRAILER", sha256(`${name}:${value}\n`));
		return Buffer.from(
			`${name}:${value}\r\nx-amz-trailer-signature:${this.#signature}\r\n\r\n`,
		);
	}

	#sign(algorithm: string, rest: string): void {
		const text = `${algorithm}\n${this.#context}\n${this.#signature}\n${rest}`;
		this.#signature = hmac(this.#key, text).toString("hex");
	}
}

/** A body in unsigned aws-chunks of the given size, with a trailer. */
export function unsignedChunks(
	content: Buffer,
	size: number,
	trailer: string,
): Buffer {
	const pieces: Buffer[] = [];
	for (let at = 0; at < content.length; at += size) {
		const piece = content.subarray(at, at + size);
		pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece);
		pieces.push(Buffer.from("\r\n"));
	}
	return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n\r\n`)]);
}

/** In HTTP chunks that know nothing of what is inside. */
export function httpChunks(bytes: Buffer, size = 1_000): Buffer {
	const pieces: Buffer[] = [];
	for (let at = 0; at < bytes.length; at += size) {
		const piece = bytes.subarray(at, at + size);
		pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece);
		pieces.push(Buffer.from("\r\n"));
	}
	return Buffer.concat([...pieces, Buffer.from("0\r\n\r\n")]);
}

/** @param now of the signature */
export function signRaw(request: Unsigned, now = new Date()): Signed {
	const date = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
	const payload = request.payload ?? sha256(request.body ?? "");
	const fields: Field[] = [
		["Host", request.host ?? "127.0.0.1"],
		...(request.headers ?? []),
		["X-Amz-Content-Sha256", payload],
		["X-Amz-Date", date],
	];
	const signed = fields
		.map(([name, value]): Field => [name.toLowerCase(), value])
		.filter(([name]) => !request.unsigned?.includes(name))
		.sort(([a], [b]) => (a < b ? -1 : 1));
	const names = signed.map(([name]) => name).join(";");
	const [path = "", query = ""] = request.target.split("?");
	const canonical = [
		request.method,
		path,
		canonicalQuery(query),
		...signed.map(([name, value]) => `${name}:${value.trim()}`),
		"",
		names,
		payload,
	].join("\n");
	const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
	const key = scope
		.split("/")
		.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`) as Buffer;
	const context = `${date}\n${scope}`;
	const text = `AWS4-HMAC-SHA256\n${context}\n${sha256(canonical)}`;
	const signature = hmac(key, text).toString("hex");
	const lines = [
		`${request.method} ${request.target} HTTP/1.1`,
		...fields.map(([name, value]) => `${name}: ${value}`),
		`Authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
	];
	const head = `${lines.join("\r\n")}\r\n\r\n`;
	const body = Buffer.from((request.body ?? "") as string);
	return {
		head,
		bytes: Buffer.concat([Buffer.from(head, "latin1"), body]),
		chain: new ChunkChain(key, context, signature),
	};
}

function canonicalQuery(query: string): string {
	return query
		.split("&")
		.filter((pair) => pair !== "")
		.map((pair) => {
			const [name = "", value = ""] = pair.split("=");
			const encode = (text: string) =>
				encodeURIComponent(decodeURIComponent(text));
			return `${encode(name)}=${encode(value)}`;
		})
		.sort()
		.join("&");
}
