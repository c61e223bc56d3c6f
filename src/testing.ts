/**
 * A testing kit for policies, published as `sealgate/testing`: one request through one policy, as the gateway would
 * send it, with no gateway and no store. Where a policy breaks its contract, the kit throws a plain `Error`.
 */
import type { z } from "zod";
import { checkStack } from "./config/stack.ts";
import { SealgateError } from "./errors.ts";
import {
	type Decision,
	type Exchange,
	noFindings,
	noSpan,
} from "./exchange.ts";
import { type Body, bodyOf, readAll } from "./http/body.ts";
import type { HeaderMap } from "./http/headers.ts";
import { applyPolicies, changedHeaders } from "./layers/evaluate.ts";
import type { S3Request, S3Response } from "./pipeline.ts";
import type { Effect, Plugin, PolicyHost } from "./plugin.ts";
import type { Route } from "./routes.ts";
import { classify } from "./s3/classify.ts";
import { type OperationName, operationRow } from "./s3/operations.ts";

/** A request as a client sends it. */
export interface Sent {
	readonly operation: OperationName;
	/** Where absent: `bucket`, for an operation that has one. */
	readonly bucket?: string;
	/** Where absent: `key`, for an operation that has one. */
	readonly key?: string;
	/** Parameters; those without which it would be another operation are there, empty. */
	readonly query?: Readonly<Record<string, string>>;
	/** Names in lower case. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer | string;
	/** Name of the client. Where absent: `client`. */
	readonly client?: string;
	/** Whether the client speaks TLS. Where absent: it does. */
	readonly secure?: boolean;
	/** What the store answers, or what finds it for each request that leaves. Where absent: 200, and nothing else. */
	readonly answer?: Answer | ((request: S3Request) => Answer);
}

export interface Answer {
	readonly status?: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer | string;
}

/** What came of it. Bodies are in memory: `body.content`. */
export interface Outcome {
	/** What would leave for the store. Absent where the policy never called `next`. */
	readonly upstream: S3Request | undefined;
	/** The requests of the policy's own, in order. */
	readonly own: readonly S3Request[];
	/** What the client gets. Absent where the request was refused. */
	readonly response: S3Response | undefined;
	/** The failure that the client gets in place of an answer. */
	readonly refused: SealgateError | undefined;
	/** What the log says of it. Absent where the operation passes the policy by. */
	readonly decision: Decision | undefined;
}

export interface PolicyUnderTest {
	/** @throws Error where the policy breaks its contract, or `sent` is not the operation that it says */
	send(sent: Sent): Promise<Outcome>;
	/** Releases what `setup` acquired. */
	close(): Promise<void>;
}

/** A host of which nothing is known, for what is not given. */
export const anyHost: PolicyHost = {
	route: "route",
	keys: (name) => {
		throw new Error(
			`the testing kit has no keys "${name}": give a host that has`,
		);
	},
	prefix: "",
	upstream: { name: "store", endpoint: "https://store.test", secure: true },
	directory: process.cwd(),
};

/**
 * Checks the options and sets the plugin up, as for one route.
 * @throws ZodError for options that do not fit the schema, and what `setup` throws
 */
export async function setUp<Options extends z.ZodType>(
	plugin: Plugin<Options>,
	options: z.input<Options>,
	where: Partial<PolicyHost> = {},
): Promise<PolicyUnderTest> {
	const host = { ...anyHost, ...where };
	const { name, effects } = plugin;
	const fault = checkStack([plugin]);
	if (fault !== undefined) throw new Error(fault);
	const policy = await plugin.setup(plugin.options.parse(options), host);
	const route: Route = {
		name: host.route,
		match: {},
		upstream: host.upstream.name,
		mode: "enforce",
		policies: [{ name, effects, options, policy }],
	};
	return {
		send: (sent) => send(route, sent, effects),
		close: async () => policy.close?.(),
	};
}

async function send(
	route: Route,
	sent: Sent,
	effects: readonly Effect[],
): Promise<Outcome> {
	const request = requestOf(sent);
	const exchange = exchangeOf(sent, request, route);
	const answerTo = (left: S3Request): Answer =>
		(typeof sent.answer === "function" ? sent.answer(left) : sent.answer) ?? {};
	const own: S3Request[] = [];
	let answer: Answer = {};
	let upstream: S3Request | undefined;
	const next = async (left: S3Request): Promise<S3Response> => {
		if (left.operation !== request.operation) {
			const asked = { ...left, body: await arrived(left.body) };
			own.push(asked);
			return responseOf(answerTo(asked));
		}
		if (upstream !== undefined && request.body !== undefined)
			throw new Error("the policy calls next twice");
		upstream = { ...left, body: await arrived(left.body) };
		mustDeclare(
			effects,
			"request",
			request.headers,
			bytesOf(sent.body),
			upstream,
		);
		answer = answerTo(upstream);
		return responseOf(answer);
	};
	const { decisions } = exchange.findings;
	try {
		const given = await applyPolicies(route, request, exchange, next);
		const response = { ...given, body: await arrived(given.body) };
		if (upstream !== undefined)
			mustDeclare(
				effects,
				"response",
				responseOf(answer).headers,
				bytesOf(answer.body),
				response,
			);
		return {
			upstream,
			own,
			response,
			refused: undefined,
			decision: decisions[0],
		};
	} catch (error) {
		if (!(error instanceof SealgateError)) throw error;
		return {
			upstream,
			own,
			response: undefined,
			refused: error,
			decision: decisions[0],
		};
	}
}

function responseOf({ status = 200, headers = {}, body }: Answer): S3Response {
	return {
		status,
		headers: new Map(Object.entries(headers)),
		body: inFlight(bytesOf(body)),
	};
}

/** The request as it reaches a policy: its operation recognised, documents in memory, all other bodies in flight. */
function requestOf(sent: Sent): S3Request {
	const row = operationRow(sent.operation);
	const headers = new Map(Object.entries(sent.headers ?? {}));
	const needed = row.query.map((parameter) => {
		const [name = "", value = ""] = parameter.split("=", 2);
		return [name, value] as const;
	});
	const operation = classify(
		row.method,
		{
			bucket: row.level === "service" ? undefined : (sent.bucket ?? "bucket"),
			key: row.level === "object" ? (sent.key ?? "key") : undefined,
		},
		Object.entries({ ...Object.fromEntries(needed), ...sent.query }),
		headers,
	);
	if (operation.name !== sent.operation) {
		throw new Error(
			`the gateway recognises this ${sent.operation} as ${operation.name}; it needs the headers ${row.headers.join(", ") || "it has"}`,
		);
	}
	const content = bytesOf(sent.body);
	if (row.request === "blob") {
		return { operation, headers, body: inFlight(content) };
	}
	if (row.request === "none" && content.length > 0) {
		throw new Error(`${sent.operation} has no body`);
	}
	const body = content.length === 0 ? undefined : bodyOf(content);
	return { operation, headers, body };
}

function exchangeOf(sent: Sent, request: S3Request, route: Route): Exchange {
	const { method, bucket = "", key = "" } = request.operation;
	return {
		id: "0123456789ABCDEF",
		started: new Date(),
		signal: new AbortController().signal,
		received: {
			method,
			target: `/${[bucket, key].map(encodeURIComponent).join("/")}`,
			host: "gateway.test",
			remoteAddress: "192.0.2.1",
			secure: sent.secure ?? true,
		},
		findings: noFindings(),
		span: noSpan,
		client: {
			name: sent.client ?? "client",
			accessKeyId: undefined,
			limits: {},
		},
		route,
		dryRun: false,
	};
}

function bytesOf(body: Buffer | string = ""): Buffer {
	return typeof body === "string" ? Buffer.from(body) : body;
}

const chunkBytes = 1024;

/** A body that flows once, in small chunks that are spoilt as soon as they were lent, and pauses when asked to. */
function inFlight(content: Buffer): Body {
	let started = false;
	return {
		length: content.length,
		start(receiver) {
			if (started) throw new Error("a body in flight starts once");
			started = true;
			let offset = 0;
			let flowing = true;
			let over = false;
			const flow = (): void => {
				while (flowing && !over && offset < content.length) {
					const chunk = Buffer.from(
						content.subarray(offset, offset + chunkBytes),
					);
					offset += chunk.length;
					flowing = receiver.data(chunk);
					chunk.fill(0);
				}
				if (!flowing || over) return;
				over = true;
				receiver.end();
			};
			queueMicrotask(flow);
			return {
				resume() {
					flowing = true;
					queueMicrotask(flow);
				},
				stop() {
					over = true;
				},
			};
		},
	};
}

/** @throws Error for a body of another length than it announced */
async function arrived(body: Body | undefined): Promise<Body | undefined> {
	if (body === undefined) return undefined;
	const content = await readAll(body, Infinity, () => new RangeError());
	if (body.length !== undefined && body.length !== content.length) {
		throw new Error(
			`the policy announces a body of ${body.length} bytes and sends ${content.length}`,
		);
	}
	return bodyOf(content);
}

/** @throws Error where the policy has an effect that its plugin does not declare */
function mustDeclare(
	effects: readonly Effect[],
	side: "request" | "response",
	headers: HeaderMap,
	content: Buffer,
	after: { readonly headers: HeaderMap; readonly body: Body | undefined },
): void {
	const had: Effect[] = [];
	if (changedHeaders(headers, after.headers).length > 0) {
		had.push(`${side}-headers`);
	}
	const left = after.body?.content ?? Buffer.alloc(0);
	const isListing = side === "response" && effects.includes("listing");
	if (!left.equals(content) && !isListing) had.push("body");
	if (left.length !== content.length && !isListing) had.push("length");
	for (const effect of had) {
		if (!effects.includes(effect))
			throw new Error(`the plugin does not declare the effect "${effect}"`);
	}
}
