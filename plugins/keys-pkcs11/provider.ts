/** Keys of a PKCS#11 token: wrapped and opened by CKM_AES_GCM in the token. The context is associated data. */
import {
	encodeContext,
	type GeneratedKey,
	type KeyContext,
	type KeyDescription,
	type KeyProvider,
	KeysUnavailable,
} from "../../src/index.ts";
import { failureOf } from "./failures.ts";
import { Thread } from "./thread.ts";
import type { TokenKey } from "./token-key.ts";
import type { TokenPlace } from "./token-thread.ts";

type Given = Parameters<Thread["ask"]>[0];

export class TokenProvider implements KeyProvider {
	readonly #place: TokenPlace;
	#thread: Promise<Thread>;
	#closed = false;

	constructor(place: TokenPlace, thread: Thread) {
		this.#place = place;
		this.#thread = Promise.resolve(thread);
	}

	async generate(
		keyId: string,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<GeneratedKey> {
		const asked = { act: "generate", context: encodeContext(context) } as const;
		const made = await this.#ask<GeneratedKey>(
			{ ...asked, name: keyId },
			signal,
		);
		const wrapped = bufferOf(made.wrapped);
		return { key: bufferOf(made.key), wrapped, keyId: made.keyId };
	}

	async unwrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer> {
		const asked = { act: "open", context: encodeContext(context) } as const;
		const { key } = await this.#ask<{ key: Uint8Array }>(
			{ ...asked, name: keyId, wrapped: Uint8Array.from(wrapped) },
			signal,
		);
		return bufferOf(key);
	}

	async describe(name: string, signal: AbortSignal): Promise<KeyDescription> {
		const context = new Uint8Array();
		const asked = { act: "describe", name, context } as const;
		const found = await this.#ask<TokenKey>(asked, signal);
		const { keyId, label, enabled } = found;
		return {
			keyId,
			aliases: label === "" ? [] : [`alias/${label}`],
			state: enabled ? "enabled" : "disabled",
		};
	}

	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		(await this.#thread.catch(() => undefined))?.close();
	}

	async #ask<Value>(
		asked: Given & { readonly name: string },
		signal: AbortSignal,
	): Promise<Value> {
		const reply = await (await this.#running()).ask(asked, signal);
		if ("value" in reply) return reply.value as Value;
		if ("failure" in reply) throw failureOf(reply.failure, asked.name);
		throw new KeysUnavailable("malformed");
	}

	/** A thread that ended by itself is followed by another. */
	async #running(): Promise<Thread> {
		if (this.#closed) throw new Error("the key provider was closed");
		const thread = await this.#thread;
		if (thread.over === undefined) return thread;
		this.#thread = Thread.start(this.#place);
		return this.#thread.catch((error: Error) => {
			this.#thread = Promise.resolve(thread);
			throw new KeysUnavailable("unreachable", error);
		});
	}
}

/** What crossed from the thread is a Uint8Array of its own. */
function bufferOf(bytes: Uint8Array): Buffer {
	return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
