/** Sends one request through one policy and shows what would leave. */
import { SealgateError } from "../../src/errors.ts";
import type { Exchange, Span } from "../../src/exchange.ts";
import { bodyOf } from "../../src/http/body.ts";
import type { S3Request } from "../../src/pipeline.ts";
import type { Plugin } from "../../src/plugin.ts";
import { type OperationName, operationRow } from "../../src/s3/operations.ts";

const span: Span = {
	child: () => span,
	set() {},
	end() {},
	traceparent: undefined,
};

export interface Sent {
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string;
	readonly secure?: boolean;
	readonly key?: string;
}

/** The headers that would leave, or the sentence of the refusal. */
export async function through(
	plugin: Plugin,
	options: unknown,
	name: OperationName,
	sent: Sent = {},
): Promise<Record<string, string> | string> {
	const policy = await plugin.setup(plugin.options.parse(options), {
		route: "route",
		upstream: { name: "store", endpoint: "https://store", secure: true },
	});
	const row = operationRow(name);
	const request: S3Request = {
		operation: {
			name,
			method: row.method,
			bucket: row.level === "service" ? undefined : "bucket",
			key: row.level === "object" ? (sent.key ?? "key") : undefined,
			query: [],
		},
		headers: new Map(Object.entries(sent.headers ?? {})),
		body: sent.body === undefined ? undefined : bodyOf(sent.body),
	};
	const exchange: Exchange = {
		id: "ID",
		started: new Date(0),
		signal: new AbortController().signal,
		received: {
			method: row.method,
			target: "/",
			host: "h",
			remoteAddress: "",
			secure: sent.secure ?? false,
		},
		findings: { decisions: [], bytesIn: 0, bytesOut: 0 },
		span,
		client: { name: "app", accessKeyId: "AK", limits: {} },
		route: undefined,
	};
	let left = request;
	const next = async (changed: S3Request) => {
		left = changed;
		return { status: 200, headers: new Map<string, string>(), body: undefined };
	};
	if (policy.operations !== "all" && !policy.operations.includes(name))
		return Object.fromEntries(request.headers);
	try {
		await policy.handle(request, next, exchange);
	} catch (error) {
		if (error instanceof SealgateError && error.code === "policy-refused")
			return error.message;
		throw error;
	}
	return Object.fromEntries(left.headers);
}
