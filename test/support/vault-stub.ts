/**
 * A Vault of our own for the tests: the paths that `provider: vault` asks, strict about what they take, tokens, no
 * policies. What can go wrong on the way is done to the transit engine's calls by `fault`.
 */
import {
	createServer,
	type IncomingMessage,
	type RequestListener,
	type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { type Members, VaultKeys, VaultRefusal } from "./vault-keys.ts";
import { VaultTokens } from "./vault-tokens.ts";

/** Done in place of an answer. */
export type VaultFault =
	| { readonly refuse: number; readonly error?: string }
	/** An answer of any form. */
	| { readonly raw: string; readonly status?: number; readonly type?: string }
	/** Members of the right answer's `data`, changed. */
	| { readonly change: Members }
	/** The right answer, once this has resolved. */
	| { readonly hold: Promise<unknown> }
	/** As if the token were over, and who asks were unknown. */
	| { readonly stranger: true }
	/** `reset`: before the answer. `cut`: within it. `silence`: no answer, ever. */
	| { readonly connection: "reset" | "cut" | "silence" };

export interface VaultStub {
	readonly address: string;
	readonly keys: VaultKeys;
	readonly tokens: VaultTokens;
	/** The path of each call of the transit engine that came with a token. */
	readonly calls: string[];
	/** `METHOD path` of every request. */
	readonly asked: string[];
	/** Headers of the last one. */
	headers: IncomingMessage["headers"];
	/** Asked for each call of the transit engine. */
	fault: ((path: string) => VaultFault | undefined) | undefined;
	/** Whether logins are refused. */
	strangers: boolean;
	/** Resolves when a list has this many. */
	until(list: "calls" | "asked", times: number): Promise<void>;
	close(): Promise<void>;
}

interface Place {
	readonly mount?: string;
	readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
}

export async function startVault({
	mount = "transit",
	tls,
}: Place = {}): Promise<VaultStub> {
	const waiting = new Set<() => void>();
	const tell = (): void => {
		for (const look of waiting) look();
	};
	const serve: RequestListener = (request, response) => {
		answer(stub, mount, tell, request, response).catch(() =>
			response.destroy(),
		);
	};
	const server = tls ? createSecureServer(tls, serve) : createServer(serve);
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as AddressInfo;
	const stub: VaultStub = {
		address: tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
		...{ keys: new VaultKeys(), tokens: new VaultTokens(), headers: {} },
		...{ calls: [], asked: [], fault: undefined, strangers: false },
		until: (list, times) =>
			new Promise((done) => {
				const look = (): void => {
					if (stub[list].length < times) return;
					waiting.delete(look);
					done();
				};
				waiting.add(look);
				look();
			}),
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
		},
	};
	return stub;
}

async function answer(
	stub: VaultStub,
	mount: string,
	tell: () => void,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const chunks: Buffer[] = [];
	for await (const chunk of request) chunks.push(chunk as Buffer);
	const { method = "", url = "", headers } = request;
	const path = url.replace(/^\/v1\//, "");
	stub.headers = headers;
	stub.asked.push(`${method} ${path}`);
	tell();
	try {
		const given = bodyOf(method, headers, Buffer.concat(chunks));
		const token = String(headers["x-vault-token"] ?? "");
		if (/^auth\/[^/]+\/login$/.test(path)) {
			if (stub.strangers) throw new VaultRefusal(403, "canary");
			return send(response, 200, stub.tokens.logIn(given));
		}
		if (path === "auth/token/lookup-self")
			return send(response, 200, stub.tokens.lookUp(token));
		if (path === "auth/token/renew-self")
			return send(response, 200, stub.tokens.renew(token));
		stub.tokens.require(token);
		const right = () => transit(stub.keys, mount, method, path, given);
		stub.calls.push(path);
		tell();
		await fail(stub, stub.fault?.(path), right, request, response);
	} catch (error) {
		if (!(error instanceof VaultRefusal)) throw error;
		const errors = error.message === "" ? [] : [error.message];
		send(response, error.status, { errors });
	}
}

async function fail(
	stub: VaultStub,
	fault: VaultFault | undefined,
	right: () => Members,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	if (fault === undefined) return send(response, 200, { data: right() });
	if ("refuse" in fault)
		throw new VaultRefusal(fault.refuse, fault.error ?? "as told");
	if ("raw" in fault)
		return sendText(response, fault.status ?? 200, fault.raw, fault.type);
	if ("change" in fault)
		return send(response, 200, { data: { ...right(), ...fault.change } });
	if ("hold" in fault) {
		await fault.hold;
		return send(response, 200, { data: right() });
	}
	if ("stranger" in fault) {
		stub.tokens.expire();
		stub.strangers = true;
		throw new VaultRefusal(403, "canary");
	}
	if (fault.connection === "reset") request.socket.resetAndDestroy();
	if (fault.connection !== "cut") return;
	const text = JSON.stringify({ data: right() });
	response.writeHead(200, { "content-length": text.length });
	response.write(text.slice(0, 20), () => request.socket.destroy());
}

/** Members of each operation; nothing else is taken. https://developer.hashicorp.com/vault/api-docs/secret/transit */
function transit(
	keys: VaultKeys,
	mount: string,
	method: string,
	path: string,
	given: Members,
): Members {
	const behind = path.startsWith(`${mount}/`) ? path.slice(mount.length) : "";
	const [, operation = "", name = ""] =
		/^\/(keys|datakey\/plaintext|decrypt|rewrap)\/(\w[\w.-]*)$/.exec(behind) ??
		[];
	const read = (...members: string[]): string[] => {
		const found = Object.keys(given).sort();
		if (String(found) !== String(members.sort()))
			throw new VaultRefusal(400, `members ${found}`);
		return members.map((member) => String(given[member]));
	};
	if (method === "GET" && operation === "keys") {
		read();
		return keys.describe(name);
	}
	if (method !== "POST" || operation === "" || operation === "keys")
		throw new VaultRefusal(404, `no handler for route "${path}"`);
	if (operation === "datakey/plaintext") {
		read("bits", "context");
		if (given.bits !== 256) throw new VaultRefusal(400, "invalid bit length");
		return keys.generate(name, base64(given.context));
	}
	read("ciphertext", "context");
	const act = operation === "decrypt" ? "decrypt" : "rewrap";
	return keys[act](name, String(given.ciphertext), base64(given.context));
}

function base64(value: unknown): Buffer {
	const bytes = Buffer.from(String(value), "base64");
	if (bytes.toString("base64") === value) return bytes;
	throw new VaultRefusal(400, "failed to base64-decode context");
}

function bodyOf(
	method: string,
	headers: IncomingMessage["headers"],
	body: Buffer,
): Members {
	if (headers["x-vault-request"] !== "true")
		throw new VaultRefusal(412, "missing X-Vault-Request");
	if (method === "GET" && body.length === 0) return {};
	if (headers["content-type"] !== "application/json")
		throw new VaultRefusal(400, "no JSON");
	return JSON.parse(body.toString()) as Members;
}

function send(response: ServerResponse, status: number, body: Members): void {
	sendText(response, status, JSON.stringify(body));
}

function sendText(
	response: ServerResponse,
	status: number,
	text: string,
	type = "application/json",
): void {
	const length = Buffer.byteLength(text);
	response.writeHead(status, {
		"content-type": type,
		"content-length": length,
	});
	response.end(text);
}
