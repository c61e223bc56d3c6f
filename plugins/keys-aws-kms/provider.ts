/** Keys of AWS KMS, by GenerateDataKey, Decrypt, ReEncrypt and DescribeKey. The context is the encryption context. */
import {
	DecryptionError,
	type GeneratedKey,
	type KeyContext,
	type KeyDescription,
	type KeyProvider,
	type KeyState,
	KeysUnavailable,
	SealgateError,
} from "../../src/index.ts";
import type { Client } from "./client.ts";
import { failureOf } from "./failures.ts";
import { answersTo, inRegion, parseKeyArn } from "./key-arn.ts";

const keyBytes = 32;
/** Of a blob. https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
const mostBlobBytes = 6_144;

export class AwsKmsProvider implements KeyProvider {
	readonly #client: Client;
	#closed = false;

	constructor(client: Client) {
		this.#client = client;
	}

	async generate(
		keyId: string,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<GeneratedKey> {
		const { kms, client } = this.#client;
		const input = {
			KeyId: this.#local(keyId),
			KeySpec: "AES_256",
			EncryptionContext: { ...context },
		} as const;
		const answer = await this.#ask(keyId, false, () =>
			client.send(new kms.GenerateDataKeyCommand(input), {
				abortSignal: signal,
			}),
		);
		const wrapped = blobOf(answer.CiphertextBlob);
		const id = answeredKey(keyId, answer.KeyId);
		return { key: keyOf(answer.Plaintext), wrapped, keyId: id };
	}

	async unwrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer> {
		const { kms, client } = this.#client;
		const input = {
			KeyId: this.#local(keyId),
			CiphertextBlob: wrapped,
			EncryptionContext: { ...context },
		};
		const answer = await this.#ask(keyId, true, () =>
			client.send(new kms.DecryptCommand(input), { abortSignal: signal }),
		);
		requireOpenedBy(keyId, answer.KeyId);
		return keyOf(answer.Plaintext);
	}

	async rewrap(
		keyId: string,
		wrapped: Buffer,
		context: KeyContext,
		signal: AbortSignal,
	): Promise<Buffer> {
		const { kms, client } = this.#client;
		const key = this.#local(keyId);
		const input = {
			CiphertextBlob: wrapped,
			SourceKeyId: key,
			SourceEncryptionContext: { ...context },
			DestinationKeyId: key,
			DestinationEncryptionContext: { ...context },
		};
		const answer = await this.#ask(keyId, true, () =>
			client.send(new kms.ReEncryptCommand(input), { abortSignal: signal }),
		);
		requireOpenedBy(keyId, answer.SourceKeyId);
		answeredKey(keyId, answer.KeyId);
		return blobOf(answer.CiphertextBlob);
	}

	async describe(keyId: string, signal: AbortSignal): Promise<KeyDescription> {
		const { kms, client } = this.#client;
		const input = { KeyId: this.#local(keyId) };
		const { KeyMetadata: found } = await this.#ask(keyId, false, () =>
			client.send(new kms.DescribeKeyCommand(input), { abortSignal: signal }),
		);
		if (found?.CreationDate === undefined)
			throw malformed("a key without its metadata");
		return {
			keyId: answeredKey(keyId, found.Arn),
			aliases: keyId.startsWith("alias/") ? [keyId] : [],
			state: stateOf(found.KeyState),
			created: found.CreationDate,
			...(found.DeletionDate && { deletionAt: found.DeletionDate }),
		};
	}

	sameKey(one: string, other: string): boolean {
		const [a, b] = [parseKeyArn(one), parseKeyArn(other)];
		if (a === undefined || b === undefined) return one === other;
		return answersTo(one, b);
	}

	async close(): Promise<void> {
		this.#closed = true;
		this.#client.client.destroy();
	}

	/** The name to ask for in this region. @throws SealgateError `key-not-found` for a key that only another region has */
	#local(keyId: string): string {
		const { region } = this.#client;
		const local = inRegion(keyId, region);
		const elsewhere = parseKeyArn(local)?.region ?? region;
		if (elsewhere === region) return local;
		throw new SealgateError(
			"key-not-found",
			`The key "${keyId}" is of ${elsewhere} and no multi-region key; this provider asks ${region}.`,
		);
	}

	async #ask<Answer>(
		keyId: string,
		blob: boolean,
		send: () => Promise<Answer>,
	): Promise<Answer> {
		if (this.#closed) throw new Error("the key provider was closed");
		try {
			return await send();
		} catch (error) {
			throw failureOf(error, keyId, blob);
		}
	}
}

/** The 32 bytes, in a buffer of their own; what the client library holds is erased. */
function keyOf(plaintext: Uint8Array | undefined): Buffer {
	if (plaintext?.length !== keyBytes)
		throw malformed(`a key of ${plaintext?.length ?? 0} bytes`);
	const key = Buffer.from(plaintext);
	plaintext.fill(0);
	if (key.some((byte) => byte !== 0)) return key;
	throw malformed("a key of zeros");
}

function blobOf(blob: Uint8Array | undefined): Buffer {
	const length = blob?.length ?? 0;
	if (blob !== undefined && length > 0 && length <= mostBlobBytes)
		return Buffer.from(blob);
	throw malformed(`a wrapped key of ${length} bytes`);
}

/** The ARN that an answer names, where it is of the key asked for. */
function answeredKey(asked: string, answered: string | undefined): string {
	const arn = parseKeyArn(answered ?? "");
	if (arn !== undefined && answersTo(asked, arn)) return answered as string;
	throw malformed(`another key than "${asked}"`);
}

/** That the blob was of the key asked for, whatever a server thinks of a pinned key. @throws DecryptionError, KeysUnavailable */
function requireOpenedBy(asked: string, answered: string | undefined): void {
	const arn = parseKeyArn(answered ?? "");
	if (arn === undefined) throw malformed("no key");
	if (answersTo(asked, arn)) return;
	throw new DecryptionError(
		"wrapping-key-refused",
		`the blob is of the key ${answered}, and not of ${asked}`,
	);
}

/** https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html */
function stateOf(state: string | undefined): KeyState {
	if (state === "Enabled") return "enabled";
	if (state === "PendingDeletion" || state === "PendingReplicaDeletion")
		return "pending-deletion";
	return "disabled";
}

function malformed(what: string): KeysUnavailable {
	return new KeysUnavailable(
		"malformed",
		new Error(`AWS KMS answered ${what}`),
	);
}
