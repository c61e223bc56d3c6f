/** Sends a step to one side: placeholders filled in, signed, every byte as it stands. */
import { createHash } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { createChecksum } from "../../src/s3/checksums.ts";
import { childText, parseXml, type XmlElement } from "../../src/s3/xml.ts";
import { encodePath, encodeQueryValue } from "../../src/sigv4/canonical.ts";
import { AwsChunkedEncoder } from "../../src/sigv4/chunked-encoder.ts";
import { presign } from "../../src/sigv4/presign.ts";
import { type Credentials, sign } from "../../src/sigv4/sign.ts";
import { sample } from "../envelope/content.ts";
import { unsignedChunks } from "../support/raw-s3.ts";
import type { Content, Step } from "./step.ts";

export interface Side {
	/** `http://host:port` */
	readonly endpoint: string;
	readonly credentials: Credentials;
	readonly bucket: string;
}

export interface Answer {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Buffer;
	/** Of a body that is XML. */
	readonly document: XmlElement | undefined;
}

export type Answers = Map<number, Answer>;

const region = "us-east-1";
const agent = new Agent({ keepAlive: true, keepAliveMsecs: 1_000 });
/** Nothing in a sequence takes longer. */
const deadline = 20_000;

const made = new Map<string, Buffer>();

export function bytesOf(content: Content | undefined): Buffer {
	if (content === undefined) return Buffer.alloc(0);
	if ("text" in content) return Buffer.from(content.text);
	const name = `${content.size}-${content.seed}`;
	const known = made.get(name);
	if (known !== undefined) return known;
	if (made.size > 30) made.clear();
	const bytes = sample(content.size, content.seed);
	made.set(name, bytes);
	return bytes;
}

const hashes = new WeakMap<Buffer, string>();

function sha256(bytes: Buffer): string {
	const known = hashes.get(bytes);
	if (known !== undefined) return known;
	const hash = createHash("sha256").update(bytes).digest("hex");
	hashes.set(bytes, hash);
	return hash;
}

const placeholder = /\{(bucket|\d+\.[\w-]+)\}/g;

/** @returns undefined where the text is but one placeholder, and its step said nothing */
function filled(text: string, side: Side, answers: Answers) {
	const whole = /^\{\d+\.[\w-]+\}$/.test(text);
	let missing = false;
	const out = text.replace(placeholder, (_, name: string) => {
		if (name === "bucket") return side.bucket;
		const [id, field = ""] = name.split(".");
		const said = sayingOf(answers.get(Number(id)), field);
		if (said === undefined) missing = true;
		return said ?? "none";
	});
	return whole && missing ? undefined : out;
}

function sayingOf(answer: Answer | undefined, field: string) {
	if (answer === undefined) return undefined;
	const { headers, document } = answer;
	const header = headers.get(field) ?? headers.get(`x-amz-${field}`);
	if (header !== undefined || document === undefined) return header;
	// A refusal repeats what it was asked.
	if (document.name === "Error") return undefined;
	return childText(document, field === "etag" ? "ETag" : field);
}

export function send(
	step: Step,
	side: Side,
	answers: Answers,
): Promise<Answer> {
	const { host } = new URL(side.endpoint);
	const query = (step.query ?? []).flatMap(([name, value]) => {
		const own = filled(value, side, answers);
		if (own !== undefined) return [[name, own] as [string, string]];
		return name === "uploadId" ? [[name, "none"] as [string, string]] : [];
	});
	const content = contentOf(step, side, answers);
	const headers = new Map([["host", host]]);
	for (const [name, value] of Object.entries(step.headers ?? {})) {
		const own =
			value === "{content}"
				? createHash("sha256").update(content).digest("base64")
				: filled(value, side, answers);
		if (own !== undefined) headers.set(name, own);
	}
	const path =
		step.key === undefined
			? `/${side.bucket}`
			: `/${side.bucket}/${encodePath(step.key)}`;
	const outgoing = { method: step.method, path, query, headers };
	const options = { credentials: side.credentials, region, now: new Date() };
	if (step.presigned === true) {
		const signed = presign(outgoing, { ...options, expires: 300 });
		return exchange(side, step.method, `${path}?${signed}`, headers, content);
	}
	const { signed, body } = withPayload(step, content, outgoing, options);
	const text = query
		.map(([name, value]) =>
			value === "" ? name : `${name}=${encodeQueryValue(value)}`,
		)
		.join("&");
	const target = text === "" ? path : `${path}?${text}`;
	return exchange(side, step.method, target, signed, body);
}

function contentOf(step: Step, side: Side, answers: Answers): Buffer {
	const { content } = step;
	if (content === undefined || !("text" in content)) return bytesOf(content);
	return Buffer.from(filled(content.text, side, answers) ?? "");
}

interface Outgoing {
	readonly method: string;
	readonly path: string;
	readonly query: [string, string][];
	readonly headers: Map<string, string>;
}

function withPayload(
	{ payload = "hash" }: Step,
	content: Buffer,
	outgoing: Outgoing,
	options: { credentials: Credentials; region: string; now: Date },
): { signed: ReadonlyMap<string, string>; body: Buffer } {
	const { headers } = outgoing;
	if (payload === "trailer" || payload === "chunks") {
		headers.set("x-amz-decoded-content-length", String(content.length));
		if (!headers.has("content-encoding"))
			headers.set("content-encoding", "aws-chunked");
	}
	if (payload === "trailer") {
		const crc = createChecksum("crc32");
		crc.update(content);
		headers.set("x-amz-trailer", "x-amz-checksum-crc32");
		const trailer = `x-amz-checksum-crc32:${crc.digest().toString("base64")}`;
		const payloadHash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
		const { headers: signed } = sign(outgoing, { ...options, payloadHash });
		return { signed, body: unsignedChunks(content, 64 * 1024, trailer) };
	}
	if (payload === "chunks") {
		const payloadHash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
		const { headers: signed, seed } = sign(outgoing, {
			...options,
			payloadHash,
		});
		const pieces: Buffer[] = [];
		const encoder = new AwsChunkedEncoder({
			mode: "signed-chunks",
			seed,
			decodedLength: content.length,
			emit: (piece) => pieces.push(piece) > 0,
		});
		encoder.write(content);
		encoder.end();
		return { signed, body: Buffer.concat(pieces) };
	}
	const hash = {
		hash: () => sha256(content),
		unsigned: () => "UNSIGNED-PAYLOAD",
		wrong: () => sha256(Buffer.from("other bytes")),
	}[payload]();
	const { headers: signed } = sign(outgoing, { ...options, payloadHash: hash });
	return { signed, body: content };
}

function exchange(
	side: Side,
	method: string,
	target: string,
	headers: ReadonlyMap<string, string>,
	content: Buffer,
): Promise<Answer> {
	const { hostname, port } = new URL(side.endpoint);
	const withBody = content.length > 0 || method === "PUT" || method === "POST";
	const length = withBody ? { "content-length": String(content.length) } : {};
	return new Promise((resolve, reject) => {
		const request = httpRequest(
			{
				host: hostname,
				port,
				method,
				path: target,
				agent,
				headers: { ...Object.fromEntries(headers), ...length },
				timeout: deadline,
			},
			(response) => {
				const chunks: Buffer[] = [];
				response.on("data", (chunk: Buffer) => chunks.push(chunk));
				response.on("error", reject);
				response.on("end", () => {
					const all = Object.entries(response.headers).map(
						([name, value]): [string, string] => [name, String(value)],
					);
					const body = Buffer.concat(chunks);
					const type = response.headers["content-type"] ?? "";
					resolve({
						status: response.statusCode as number,
						headers: new Map(all),
						body,
						document: documentOf(type, body),
					});
				});
			},
		);
		request.on("timeout", () => request.destroy(new Error("no answer")));
		// What is no answer is compared like one.
		request.on("error", ({ message }) =>
			resolve({
				status: 0,
				headers: new Map(),
				body: Buffer.from(message),
				document: undefined,
			}),
		);
		request.end(withBody ? content : undefined);
	});
}

/** An object that says it is XML and is none is bytes. */
function documentOf(type: string, body: Buffer): XmlElement | undefined {
	if (!/\bxml\b/.test(type) || body.length === 0) return undefined;
	try {
		return parseXml(body);
	} catch {
		return undefined;
	}
}

export function closeConnections(): void {
	agent.destroy();
}
