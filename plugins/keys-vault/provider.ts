/** Keys of Vault's transit engine, by datakey, decrypt and rewrap. The context derives the key that wraps. */
import {
	DecryptionError,
	encodeContext,
	type GeneratedKey,
	type KeyContext,
	type KeyDescription,
	type KeyProvider,
} from "../../src/index.ts";
import { refusalOf, unusable } from "./failures.ts";
import type { Asked, Http } from "./http.ts";
import { describedBy, malformed } from "./key-data.ts";
import type { Session } from "./session.ts";

const keyBytes = 32;
const mostBlobBytes = 6_144;
/** Version 0 is another spelling of 1: one blob has one spelling. */
const ciphertext =
	/^vault:v[1-9]\d{0,8}:(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** Eighteen bytes, so that a Vault policy can tell our contexts by their first 24 characters of base64. */
const contextPrefix = Buffer.from("sealgate/context/1");

type Members = Readonly<Record<string, unknown>>;

export interface Transit {
	readonly http: Http;
	readonly session: Session;
	/** Path of the engine. */
	readonly mount: string;
	readonly fips: boolean;
}

export class VaultProvider implements KeyProvider {
	readonly #transit: Transit;
	/** Keys that were seen to heed the context. Whether one does is decided when it is created. */
	readonly #seen = new Set<string>();
	#closed = false;

	constructor(transit: Transit) {
		this.#transit = transit;
	}

	async generate(
		keyId: string,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<GeneratedKey> {
		const body = { context: encoded(context), bits: keyBytes * 8 };
		await this.#requireSeen(keyId, signal);
		const data = await this.#post("datakey/plaintext", keyId, body, signal);
		const wrapped = blobOf(data.ciphertext);
		return { key: keyOf(data.plaintext), wrapped, keyId };
	}

	async unwrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer> {
		const body = { context: encoded(context), ciphertext: textOf(wrapped) };
		await this.#requireSeen(keyId, signal);
		return keyOf((await this.#post("decrypt", keyId, body, signal)).plaintext);
	}

	async rewrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer> {
		const body = { context: encoded(context), ciphertext: textOf(wrapped) };
		await this.#requireSeen(keyId, signal);
		return blobOf((await this.#post("rewrap", keyId, body, signal)).ciphertext);
	}

	async describe(keyId: string, signal: AbortSignal): Promise<KeyDescription> {
		this.#seen.delete(keyId);
		const path = `${this.#transit.mount}/keys/${named(keyId)}`;
		const data = await this.#ask({ method: "GET", path }, keyId, signal);
		const found = describedBy(data, keyId, this.#transit.fips);
		this.#seen.add(keyId);
		return found;
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		this.#transit.session.close();
		await this.#transit.http.close();
	}

	async #requireSeen(keyId: string, signal: AbortSignal): Promise<void> {
		if (!this.#seen.has(keyId)) await this.describe(keyId, signal);
	}

	#post(
		operation: string,
		keyId: string,
		body: Members,
		signal: AbortSignal,
	): Promise<Members> {
		const path = `${this.#transit.mount}/${operation}/${named(keyId)}`;
		return this.#ask({ method: "POST", path, body }, keyId, signal);
	}

	async #ask(
		asked: Asked,
		keyId: string,
		signal: AbortSignal,
	): Promise<Members> {
		if (this.#closed) throw new Error("the key provider was closed");
		signal.throwIfAborted();
		const { http, session } = this.#transit;
		const token = await session.token(signal);
		let answer = await http.ask({ ...asked, token }, signal);
		if (answer.status === 403) {
			const other = await session.instead(token, signal);
			if (other !== undefined)
				answer = await http.ask({ ...asked, token: other }, signal);
		}
		if (answer.status === 200) return answer.data;
		throw refusalOf(answer, keyId, asked.body?.ciphertext !== undefined);
	}
}

/** Base64: a value for each context, the empty one too. */
function encoded(context: KeyContext): string {
	const bytes = Buffer.concat([contextPrefix, encodeContext(context)]);
	return bytes.toString("base64");
}

/** @throws SealgateError `key-not-found` for what is no name in Vault, and would be another path */
function named(keyId: string): string {
	if (/^\w([\w.-]*\w)?$/.test(keyId)) return keyId;
	throw unusable("key-not-found", keyId, "Vault has no keys of such names");
}

/** @throws DecryptionError where it cannot be one of Vault's */
function textOf(wrapped: Buffer): string {
	const text = wrapped.toString("latin1");
	if (wrapped.length <= mostBlobBytes && ciphertext.test(text)) return text;
	throw new DecryptionError(
		"wrapping-key-refused",
		`a blob of ${wrapped.length} bytes is no ciphertext of Vault`,
	);
}

function blobOf(text: unknown): Buffer {
	const fits = typeof text === "string" && text.length <= mostBlobBytes;
	if (fits && ciphertext.test(text)) return Buffer.from(text, "latin1");
	throw malformed("no wrapped key");
}

function keyOf(plaintext: unknown): Buffer {
	const text = typeof plaintext === "string" ? plaintext : "";
	const key = Buffer.from(text, "base64");
	if (key.length !== keyBytes || key.toString("base64") !== text)
		throw malformed(`a key of ${key.length} bytes`);
	if (key.some((byte) => byte !== 0)) return key;
	throw malformed("a key of zeros");
}
