/**
 * A KMS of our own for the tests: AWS's JSON 1.1 protocol, strict about what it takes, signatures proven by our own
 * verifier, no IAM. What can go wrong on the way to a KMS is done to it by `fault`.
 */
import { createHash, randomUUID } from "node:crypto";
import {
	createServer,
	type IncomingMessage,
	type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { SealgateError } from "../../src/errors.ts";
import { verifySignature } from "../../src/sigv4/verify.ts";
import { KmsKeys, KmsRefusal } from "./kms-keys.ts";
import { answerTo } from "./kms-operations.ts";

export const kmsCredentials = {
	accessKeyId: "KMSACCESSKEY",
	secretAccessKey: "kms-secret-key",
} as const;

/** Done in place of an answer. */
export type Fault =
	| {
			readonly refuse: string;
			readonly status?: number;
			readonly message?: string;
	  }
	/** An answer of any form. */
	| { readonly raw: string; readonly status?: number; readonly type?: string }
	/** The right answer, changed. */
	| {
			readonly change: (
				answer: Record<string, unknown>,
			) => Record<string, unknown>;
	  }
	/** The right answer, once this has resolved. */
	| { readonly hold: Promise<unknown> }
	/** `reset`: before the answer. `cut`: within it. `silence`: no answer, ever. */
	| { readonly connection: "reset" | "cut" | "silence" };

export interface KmsStub {
	readonly endpoint: string;
	readonly region: string;
	readonly keys: KmsKeys;
	/** The operation of each request whose signature was proven. */
	readonly calls: string[];
	/** Asked for each of them. */
	fault: ((operation: string) => Fault | undefined) | undefined;
	/** Resolves when `calls` has this many. */
	called(times: number): Promise<void>;
	close(): Promise<void>;
}

export async function startKms(
	region = "eu-central-1",
	keys = new KmsKeys(),
	port = 0,
): Promise<KmsStub> {
	const waiting = new Set<{ times: number; done: () => void }>();
	const server = createServer((request, response) => {
		serve(stub, request, response, () => {
			for (const waiter of waiting) {
				if (stub.calls.length < waiter.times) continue;
				waiting.delete(waiter);
				waiter.done();
			}
		}).catch(() => response.destroy());
	});
	await new Promise<void>((resolve) =>
		server.listen(port, "127.0.0.1", resolve),
	);
	const address = server.address() as AddressInfo;
	const stub: KmsStub = {
		endpoint: `http://127.0.0.1:${address.port}`,
		...{ region, keys, calls: [], fault: undefined },
		called: (times) =>
			new Promise((done) => {
				if (stub.calls.length >= times) done();
				else waiting.add({ times, done });
			}),
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
	return stub;
}

async function serve(
	stub: KmsStub,
	request: IncomingMessage,
	response: ServerResponse,
	told: () => void,
): Promise<void> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const body = Buffer.concat(chunks);
	const target = request.headers["x-amz-target"] ?? "";
	const operation = /^TrentService\.(\w+)$/.exec(String(target))?.[1] ?? "";
	try {
		checkHead(stub, request, body);
		stub.calls.push(operation);
		told();
		const fault = stub.fault?.(operation);
		if (fault === undefined) {
			const answer = answerTo(operation, body, stub.keys, stub.region);
			send(response, 200, JSON.stringify(answer));
		} else {
			const right = () => answerTo(operation, body, stub.keys, stub.region);
			await fail(fault, right, request, response);
		}
	} catch (error) {
		if (!(error instanceof KmsRefusal)) throw error;
		refuse(response, error);
	}
}

async function fail(
	fault: Fault,
	right: () => Record<string, unknown>,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	if ("refuse" in fault)
		throw new KmsRefusal(
			fault.refuse,
			fault.message ?? "as told",
			fault.status,
		);
	if ("raw" in fault)
		return send(response, fault.status ?? 200, fault.raw, fault.type);
	if ("change" in fault)
		return send(response, 200, JSON.stringify(fault.change(right())));
	if ("hold" in fault) {
		await fault.hold;
		return send(response, 200, JSON.stringify(right()));
	}
	if (fault.connection === "reset") request.socket.resetAndDestroy();
	if (fault.connection !== "cut") return;
	const text = JSON.stringify(right());
	response.writeHead(200, { "content-length": text.length });
	response.write(text.slice(0, 20), () => request.socket.destroy());
}

function refuse(
	response: ServerResponse,
	{ type, message, status }: KmsRefusal,
): void {
	send(response, status, JSON.stringify({ __type: type, message }));
}

const jsonType = "application/x-amz-json-1.1";

function send(
	response: ServerResponse,
	status: number,
	text: string,
	type = jsonType,
): void {
	response.writeHead(status, {
		"content-type": type,
		"content-length": Buffer.byteLength(text),
		"x-amzn-requestid": randomUUID(),
	});
	response.end(text);
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/making-api-requests.html: POST / with a target, signed for `kms`. */
function checkHead(
	{ region }: KmsStub,
	request: IncomingMessage,
	body: Buffer,
): void {
	const { method = "", url = "", headers } = request;
	if (method !== "POST" || url !== "/" || headers["content-type"] !== jsonType)
		throw new KmsRefusal("UnknownOperationException", `${method} ${url}`);
	const field = (name: string): string => {
		const text = headers.authorization ?? "";
		return new RegExp(`${name}=([^, ]+)`).exec(text)?.[1] ?? "";
	};
	const [accessKeyId = "", date = "", signedFor = "", service = ""] =
		field("Credential").split("/");
	if (accessKeyId !== kmsCredentials.accessKeyId)
		throw new KmsRefusal(
			"UnrecognizedClientException",
			"The security token included in the request is invalid.",
		);
	const payload = createHash("sha256").update(body).digest("hex");
	try {
		if (service !== "kms") throw new SealgateError("access-denied", service);
		verifySignature(
			{
				...{ method, path: url, query: [] },
				headers: new Map(Object.entries(headers) as [string, string][]),
			},
			{
				...{ kind: "header", accessKeyId, payload, expires: undefined },
				scope: { date, region: signedFor, service },
				signedHeaders: field("SignedHeaders").split(";"),
				signature: field("Signature"),
				amzDate: String(headers["x-amz-date"]),
				sessionToken: undefined,
			},
			{
				secretAccessKeys: [kmsCredentials.secretAccessKey],
				...{ region, now: new Date() },
			},
		);
	} catch (error) {
		throw new KmsRefusal("InvalidSignatureException", (error as Error).message);
	}
}
