/** An object of an S3 Encryption Client as its format says, made and opened without the code under test but its metadata. */
import { gcm } from "@noble/ciphers/aes.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { KeyContext } from "../../../src/keys/context.ts";
import { openKeyringProvider } from "../../../src/keys/keyring-provider.ts";
import type { Sealed } from "../setup.ts";

const suite = Buffer.from([0, 0x73]);
const never = new AbortController().signal;

export type Metadata = Readonly<Record<string, string>>;

/** What a caller of GenerateDataKey gets. */
export async function dataKeyOf(
	{ keyring, secret }: Pick<Sealed, "keyring" | "secret">,
	context: KeyContext,
	keyId = "alias/photos",
) {
	const provider = await openKeyringProvider(keyring, secret());
	try {
		return await provider.generate(keyId, context, never);
	} finally {
		await provider.close?.();
	}
}

/** What a caller of Decrypt gets. */
export async function unwrapped(
	{ keyring, secret }: Pick<Sealed, "keyring" | "secret">,
	blob: Buffer,
	context: KeyContext,
): Promise<Buffer> {
	const provider = await openKeyringProvider(keyring, secret());
	try {
		return await provider.unwrap("alias/photos", blob, context, never);
	} finally {
		await provider.close?.();
	}
}

function derive(key: Uint8Array, id: Uint8Array, label: string, size: number) {
	const info = Buffer.concat([suite, Buffer.from(label)]);
	return hkdf(sha512, key, id, info, size);
}

function base64(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("base64");
}

export interface Written {
	readonly metadata: Metadata;
	readonly body: Buffer;
}

export function writeV3(
	key: Uint8Array,
	wrapped: Uint8Array,
	plain: Uint8Array,
	context: KeyContext = { "aws:x-amz-cek-alg": "115" },
): Written {
	const id = Buffer.alloc(28, 9);
	const content = derive(key, id, "DERIVEKEY", 32);
	return {
		metadata: {
			"x-amz-c": "115",
			"x-amz-3": base64(wrapped),
			"x-amz-w": "12",
			"x-amz-d": base64(derive(key, id, "COMMITKEY", 28)),
			"x-amz-i": base64(id),
			"x-amz-t": JSON.stringify(context),
		},
		body: Buffer.from(
			gcm(content, new Uint8Array(12).fill(1), suite).encrypt(plain),
		),
	};
}

export function writeV2(
	key: Uint8Array,
	wrapped: Uint8Array,
	plain: Uint8Array,
	context: KeyContext = { "aws:x-amz-cek-alg": "AES/GCM/NoPadding" },
): Written {
	const nonce = new Uint8Array(12).fill(5);
	return {
		metadata: {
			"x-amz-key-v2": base64(wrapped),
			"x-amz-iv": base64(nonce),
			"x-amz-cek-alg": "AES/GCM/NoPadding",
			"x-amz-wrap-alg": "kms+context",
			"x-amz-tag-len": "128",
			"x-amz-matdesc": JSON.stringify(context),
		},
		body: Buffer.from(gcm(key, nonce).encrypt(plain)),
	};
}

/** The plaintext, read by @noble. @throws where it is not authentic */
export async function openStored(
	sealed: Pick<Sealed, "keyring" | "secret">,
	metadata: Metadata,
	body: Buffer,
): Promise<Buffer> {
	const bytes = (name: string) => Buffer.from(metadata[name] ?? "", "base64");
	if (metadata["x-amz-c"] === "115") {
		const context = JSON.parse(metadata["x-amz-t"] as string);
		const key = await unwrapped(sealed, bytes("x-amz-3"), context);
		const id = bytes("x-amz-i");
		if (base64(derive(key, id, "COMMITKEY", 28)) !== metadata["x-amz-d"])
			throw new Error("another data key");
		const content = derive(key, id, "DERIVEKEY", 32);
		const nonce = new Uint8Array(12).fill(1);
		return Buffer.from(gcm(content, nonce, suite).decrypt(body));
	}
	const context = JSON.parse(metadata["x-amz-matdesc"] as string);
	const key = await unwrapped(sealed, bytes("x-amz-key-v2"), context);
	return Buffer.from(gcm(key, bytes("x-amz-iv")).decrypt(body));
}
