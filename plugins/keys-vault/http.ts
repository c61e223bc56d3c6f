/** Vault's HTTP API: one request, one answer. https://developer.hashicorp.com/vault/api-docs */
import { Pool } from "undici";
import { KeysUnavailable, type Outage } from "../../src/index.ts";

export interface Asked {
	readonly method: "GET" | "POST";
	/** Behind `/v1/`. */
	readonly path: string;
	readonly token?: string;
	readonly body?: Readonly<Record<string, unknown>>;
}

/** `data`, `auth` and `errors` of the answer; empty where it has none. */
export interface Answer {
	/** 200, or 4xx but 429. */
	readonly status: number;
	readonly data: Readonly<Record<string, unknown>>;
	readonly auth: Readonly<Record<string, unknown>>;
	/** Vault's own words: for the log's cause alone. */
	readonly errors: string;
}

export interface Http {
	/** @throws KeysUnavailable, or the signal's reason */
	ask(asked: Asked, signal: AbortSignal): Promise<Answer>;
	close(): Promise<void>;
}

/** Milliseconds. A try has an earlier deadline of its own, by its signal. */
const longestWait = 30_000;
const mostAnswerBytes = 1024 ** 2;

/** @param ca PEM */
export function openHttp(
	address: string,
	namespace: string | undefined,
	ca: Buffer | undefined,
): Http {
	const pool = new Pool(address, {
		connections: 32,
		pipelining: 1,
		allowH2: false,
		headersTimeout: longestWait,
		bodyTimeout: longestWait,
		maxResponseSize: mostAnswerBytes,
		connect: { timeout: longestWait, ...(ca && { ca }) },
	});
	const always = {
		accept: "application/json",
		// Vault Agent may ask for it, against requests that a browser was tricked into.
		"x-vault-request": "true",
		...(namespace !== undefined && { "x-vault-namespace": namespace }),
	};
	return {
		async ask({ method, path, token, body }, signal) {
			signal.throwIfAborted();
			const headers = {
				...always,
				...(token !== undefined && { "x-vault-token": token }),
				...(body && { "content-type": "application/json" }),
			};
			const { status, text } = await receive(pool, signal, {
				...{ method, headers, path: `/v1/${path}` },
				...(body && { body: JSON.stringify(body) }),
			});
			return answerOf(status, text);
		},
		close: () => pool.destroy(),
	};
}

async function receive(
	pool: Pool,
	signal: AbortSignal,
	request: Parameters<Pool["request"]>[0],
): Promise<{ status: number; text: string }> {
	try {
		const { statusCode, body } = await pool.request({ ...request, signal });
		const bytes = Buffer.from(await body.arrayBuffer());
		const text = bytes.toString();
		bytes.fill(0);
		return { status: statusCode, text };
	} catch (error) {
		if (signal.aborted) throw error;
		throw new KeysUnavailable(outageOf(error), error as Error);
	}
}

function outageOf(error: unknown): Outage {
	const { code = "" } = error as NodeJS.ErrnoException;
	if (/^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(code)) return "timeout";
	return /^(HPE_|UND_ERR_RES_)/.test(code) ? "malformed" : "unreachable";
}

function answerOf(status: number, text: string): Answer {
	if (status === 429) throw outage("throttled", `Vault answered ${status}`);
	// 503: sealed. 412: a replica that has not seen our last write.
	if (status >= 500 || status === 412)
		throw outage("server-error", `Vault answered ${status}`);
	// Never followed: the address is the configuration's.
	if (status >= 300 && status < 400)
		throw outage("malformed", `Vault answered ${status}: a standby's redirect`);
	const answer = parse(text);
	if (answer === undefined)
		throw outage("malformed", `Vault answered ${status} without its JSON`);
	const { data, auth, errors } = answer;
	const said = Array.isArray(errors) ? errors.join("; ") : "";
	return { status, data: membersOf(data), auth: membersOf(auth), errors: said };
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null
			? { ...value }
			: undefined;
	} catch {
		return undefined;
	}
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
	return typeof value === "object" && value !== null ? { ...value } : {};
}

function outage(kind: Outage, what: string): KeysUnavailable {
	return new KeysUnavailable(kind, new Error(what));
}
