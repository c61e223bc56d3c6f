/** Requests as bytes, signed once: a signature serves a quarter of an hour. */
import type { Query } from "../../src/s3/operation.ts";
import { canonicalQuery, encodePath } from "../../src/sigv4/canonical.ts";
import { type Credentials, sign } from "../../src/sigv4/sign.ts";

/** Where requests go, and as whom. Without credentials they are not signed. */
export interface Target {
	readonly address: string;
	readonly credentials: Credentials | undefined;
}

export interface Ask {
	readonly method: string;
	/** Bucket and key, not encoded. */
	readonly path: string;
	readonly query?: Query;
	readonly headers?: Readonly<Record<string, string>>;
	/** What `x-amz-content-sha256` says; UNSIGNED-PAYLOAD where it is absent. */
	readonly payload?: string;
	/** Bytes that follow the head. */
	readonly length?: number;
}

/** The head without the empty line that ends it: fields that nobody signs, as Range, may be added. */
export function openHead({ address, credentials }: Target, ask: Ask): string {
	const { method, query = [], payload = "UNSIGNED-PAYLOAD" } = ask;
	const path = encodePath(`/${ask.path}`);
	const headers = new Map([
		["host", address],
		...Object.entries(ask.headers ?? {}),
		["x-amz-content-sha256", payload],
	]);
	const now = new Date();
	const signed =
		credentials === undefined
			? headers
			: sign(
					{ method, path, query, headers },
					{ credentials, region: "us-east-1", now, payloadHash: payload },
				).headers;
	const target = query.length === 0 ? path : `${path}?${canonicalQuery(query)}`;
	const fields = [...signed].map(([name, value]) => `${name}: ${value}\r\n`);
	const length =
		ask.length === undefined ? "" : `content-length: ${ask.length}\r\n`;
	return `${method} ${target} HTTP/1.1\r\n${fields.join("")}${length}`;
}

/** @param range such as `bytes=0-9` */
export function head(target: Target, ask: Ask, range?: string): Buffer {
	const open = openHead(target, ask);
	const field = range === undefined ? "" : `range: ${range}\r\n`;
	return Buffer.from(`${open}${field}\r\n`, "latin1");
}
