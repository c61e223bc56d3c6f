/** Requests as bytes on both sides of a gateway: any that a client can write, and proof of what left for the store. */
import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import { type OperationName, operationRow } from "../../src/s3/operations.ts";
import { startTestGateway, type TestGateway } from "../support/gateway.ts";
import {
	type Answer,
	caFile,
	type RecordedRequest,
	startTestStore,
	type TestStore,
	unframed,
} from "../support/store.ts";

export type Headers = Readonly<Record<string, string>>;

export interface Raw {
	readonly method: string;
	/** Sent byte for byte. */
	readonly target: string;
	/** A list of names and values in turn keeps case, order and duplicates. */
	readonly headers?: Headers | readonly string[];
	readonly body?: string | Buffer;
}

/** One whose headers are named once each. */
export interface Request extends Raw {
	readonly headers: Headers;
}

export interface Answered {
	readonly status: number;
	readonly headers: Readonly<Record<string, unknown>>;
	readonly body: string;
}

export interface Wire {
	readonly store: TestStore;
	readonly gateway: TestGateway;
	send(raw: Raw): Promise<Answered>;
	/** What the store got of it. @throws Error where it got nothing, or not one request */
	through(raw: Raw): Promise<RecordedRequest>;
	/** The refusal of it. @throws Error where the store got anything */
	refused(raw: Raw): Promise<Answered>;
}

interface Test {
	teardown(action: () => Promise<void>): void;
}

/** A gateway that trusts its callers, in front of a recording store. */
export async function startWire(
	t: Test,
	routes: string,
	answer: Answer = sayYes,
	secure = false,
): Promise<Wire> {
	const store = await startTestStore(answer, secure);
	const tls = secure ? `, tls: { ca: "${caFile}" }` : "";
	const gateway = await startTestGateway(`
listen: 127.0.0.1:0
authentication: trust
upstreams:
  - { name: store, endpoint: "${store.endpoint}", credentials: { accessKeyId: UP, secretAccessKey: ${upstreamSecret} }${tls} }
routes:
${routes}
limits: { drain: 1s }
`);
	t.teardown(async () => {
		await gateway.close();
		await store.close();
	});
	const told = (raw: Raw): string => `${raw.method} ${raw.target}`;
	const send = (raw: Raw) => sendRaw(gateway.endpoint, raw);
	return {
		store,
		gateway,
		send,
		async through(raw) {
			const before = store.requests.length;
			const { status, body } = await send(raw);
			const found = store.requests.slice(before);
			if (found[0] === undefined || found.length > 1)
				throw new Error(`${told(raw)}: ${found.length} ${status} ${body}`);
			return found[0];
		},
		async refused(raw) {
			const before = store.requests.length;
			const answered = await send(raw);
			if (store.requests.length > before)
				throw new Error(`${told(raw)} reached the store`);
			return answered;
		},
	};
}

const upstreamSecret = "up-secret";

const buckets =
	"<ListAllMyBucketsResult><Owner><ID>o</ID></Owner><Buckets/></ListAllMyBucketsResult>";

/** Says 200 to everything. */
export const sayYes: Answer = (recorded, response) =>
	void response.end(recorded.target === "/" ? buckets : undefined);

export function sendRaw(endpoint: string, raw: Raw): Promise<Answered> {
	const { hostname, port } = new URL(endpoint);
	return new Promise((resolve, reject) => {
		const sent = request({
			hostname,
			port,
			method: raw.method,
			path: raw.target,
			headers: Array.isArray(raw.headers)
				? withTransfer(raw.headers, `${hostname}:${port}`, raw.body)
				: (raw.headers as Headers | undefined),
			agent: false,
		});
		sent.on("error", reject);
		sent.on("response", (response) => {
			const chunks: Buffer[] = [];
			response.on("data", (chunk: Buffer) => chunks.push(chunk));
			response.on("error", reject);
			response.on("end", () =>
				resolve({
					status: response.statusCode as number,
					headers: response.headers,
					body: Buffer.concat(chunks).toString(),
				}),
			);
		});
		sent.end(raw.body);
	});
}

/** Node adds nothing to a list. */
function withTransfer(
	headers: readonly string[],
	host: string,
	body: Raw["body"],
): string[] {
	const length =
		body === undefined ? [] : ["content-length", `${Buffer.byteLength(body)}`];
	return ["host", host, ...length, ...headers];
}

/** A request of that operation as the table of operations has it, in the gateway's own spelling of a query. */
export function requestFor(
	name: OperationName,
	bucket = "bucket",
	key = "a//b/../c%20d",
): Request {
	const row = operationRow(name);
	const path = {
		service: "/",
		bucket: `/${bucket}`,
		object: `/${bucket}/${key}`,
	};
	const query = row.query.map((wanted) => {
		const [parameter = "", value = values[parameter] ?? ""] = wanted.split("=");
		return `${parameter}=${value}`;
	});
	const body = bodies[name] ?? bodies[row.request];
	return {
		method: row.method,
		target: path[row.level] + (query.length === 0 ? "" : `?${inOrder(query)}`),
		headers: {
			...Object.fromEntries(
				row.headers.map((header) => [header, "/from/source"]),
			),
			...(body === undefined ? {} : { "content-type": "text/x-own" }),
			"user-agent": "wire",
		},
		...(body === undefined ? {} : { body }),
	};
}

/** Encoded parameters by name, then by value: `=` sorts behind `-`, so that whole pairs would not do. */
function inOrder(pairs: readonly string[]): string {
	return pairs
		.map((pair) => pair.replace("=", "\0"))
		.sort()
		.map((pair) => pair.replace("\0", "="))
		.join("&");
}

const values: Readonly<Record<string, string>> = {
	partNumber: "1",
	uploadId: "u",
	id: "i",
	annotationName: "n",
};

const bodies: Readonly<Record<string, string>> = {
	xml: "<Document><A>1</A></Document>",
	text: "{}",
	blob: "content",
	form: "form",
	DeleteObjects: "<Delete><Object><Key>k</Key></Object></Delete>",
};

/** Amazon's headers that the gateway writes itself, by how the body leaves. */
const ownHeaders = (framed: boolean): string[] => [
	"x-amz-content-sha256",
	"x-amz-date",
	...(framed ? ["x-amz-decoded-content-length", "x-amz-trailer"] : []),
];

/** All `x-amz-*` headers but those that the gateway writes itself, of which exactly the right ones must be there. */
export function amazonHeaders(recorded: RecordedRequest): Headers {
	const framed = recorded.headers["x-amz-trailer"] !== undefined;
	const found = Object.entries(recorded.headers).filter(([name]) =>
		name.startsWith("x-amz-"),
	) as [string, string][];
	const own = recorded.method === "OPTIONS" ? [] : ownHeaders(framed);
	for (const name of own) {
		if (recorded.headers[name] === undefined)
			throw new Error(`${name} is missing`);
	}
	return Object.fromEntries(found.filter(([name]) => !own.includes(name)));
}

/** Of the connection, the coding, the framing and the signature: the gateway's to write. */
const ofTransfer = new Set([
	"accept-encoding",
	"authorization",
	"connection",
	"content-length",
	"content-md5",
	"host",
]);

/** What is left of the request when Amazon's headers and the transfer are taken away. */
export function otherHeaders(recorded: RecordedRequest): Headers {
	return Object.fromEntries(
		Object.entries(recorded.headers).filter(
			([name]) => !name.startsWith("x-amz-") && !ofTransfer.has(name),
		) as [string, string][],
	);
}

/**
 * Why the request is not proven by its signature, or undefined where it is: every header of Amazon is signed, the
 * signature is that of the bytes that came, and the hash is that of the body. Written without the code under test.
 */
export function signatureFault(recorded: RecordedRequest): string | undefined {
	const { headers, method, target } = recorded;
	// A preflight carries no credentials by its definition.
	if (method === "OPTIONS" && headers.authorization === undefined)
		return undefined;
	const match =
		/^AWS4-HMAC-SHA256 Credential=UP\/(\d{8})\/us-east-1\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
			String(headers.authorization),
		);
	if (match === null) return `authorization is ${headers.authorization}`;
	const [, day = "", list = "", signature] = match;
	const signed = list.split(";");
	const unsigned = Object.keys(headers).filter(
		(name) =>
			(name.startsWith("x-amz-") || name === "host") && !signed.includes(name),
	);
	if (unsigned.length > 0) return `${unsigned} not signed`;
	const hash = String(headers["x-amz-content-sha256"]);
	if (/^[0-9a-f]{64}$/.test(hash) && hash !== sha256(recorded.body))
		return "the hash is not that of the body";
	const [path = "", query = ""] = target.split("?");
	const lines = signed.map(
		(name) =>
			`${name}:${String(headers[name]).trim().replace(/ {2,}/g, " ")}\n`,
	);
	const canonical = [
		method,
		path,
		inOrder(query.split("&")),
		lines.join(""),
		list,
		hash,
	].join("\n");
	const scope = `${day}/us-east-1/s3/aws4_request`;
	const key = ["us-east-1", "s3", "aws4_request"].reduce(
		(secret, part) => hmac(secret, part),
		hmac(`AWS4${upstreamSecret}`, day),
	);
	const text = `AWS4-HMAC-SHA256\n${headers["x-amz-date"]}\n${scope}\n${sha256(Buffer.from(canonical, "latin1"))}`;
	return hmac(key, text).toString("hex") === signature
		? undefined
		: "the signature is of another request";
}

function sha256(bytes: Buffer): string {
	return createHash("sha256").update(bytes).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
	return createHmac("sha256", key).update(text).digest();
}

/** The request as it came to the store, reduced to what a policy may or may not change. */
export function arrived(recorded: RecordedRequest) {
	return {
		method: recorded.method,
		target: recorded.target,
		amazon: amazonHeaders(recorded),
		others: otherHeaders(recorded),
		body: unframed(recorded).toString(),
		signatureFault: signatureFault(recorded),
	};
}

/** The same of a request that only gets another set of Amazon's headers on its way. */
export function unchanged(
	raw: Request,
	amazon: Headers,
): ReturnType<typeof arrived> {
	return {
		method: raw.method,
		target: raw.target,
		amazon,
		others: Object.fromEntries(
			Object.entries(raw.headers).filter(
				([name]) => !name.startsWith("x-amz-"),
			),
		),
		body: raw.body?.toString() ?? "",
		signatureFault: undefined,
	};
}

/** The parts of an S3 error as a client reads it. */
export function errorOf({ status, headers, body }: Answered) {
	const field = (name: string) =>
		new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
	return {
		status,
		code: field("Code"),
		message: field("Message"),
		resource: field("Resource"),
		sameId:
			field("RequestId") !== undefined &&
			field("RequestId") === headers["x-amz-request-id"],
		type: headers["content-type"],
	};
}
