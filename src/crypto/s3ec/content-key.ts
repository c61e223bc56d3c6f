/**
 * From the data key that the key provider knows to the cipher of the content.
 *
 *     V3  key = HKDF-SHA512 (RFC 5869) of the data key, salt the message id, info 00 73 "DERIVEKEY", 32 bytes
 *         commitment = the same with info 00 73 "COMMITKEY", 28 bytes
 *         nonce 01 x 12, associated data 00 73
 *     V2  key = the data key, nonce random, no associated data
 */
import {
	createSecretKey,
	hkdfSync,
	type KeyObject,
	timingSafeEqual,
} from "node:crypto";
import { DecryptionError } from "../decryption-error.ts";
import { type Random, requireKey, secretKey } from "../secret-key.ts";
import type { EncryptionContext, S3ecFormat } from "./format.ts";
import type { S3ecRecord } from "./metadata.ts";

export const messageIdBytes = 28;
export const commitmentBytes = 28;
export const nonceBytes = 12;

const suite = Buffer.from([0x00, 0x73]);
const fixedNonce = Buffer.alloc(nonceBytes, 1);
const zeroId = Buffer.alloc(messageIdBytes);

/** All that the one GCM message of an object needs. */
export interface ContentCipher {
	readonly key: KeyObject;
	readonly nonce: Buffer;
	readonly associatedData: Buffer;
}

/** @param messageId 28 bytes */
export function s3ecCommitment(dataKey: Uint8Array, messageId: Buffer): Buffer {
	return derive(dataKey, messageId, "COMMITKEY", commitmentBytes);
}

/** A record for a data key that no other object has, and the cipher of its content. @param wrappedKey as the key provider gave it */
export function newS3ecRecord(
	format: S3ecFormat,
	dataKey: Uint8Array,
	wrapped: {
		readonly wrappedKey: Buffer;
		readonly context: EncryptionContext;
	},
	random: Random,
): { readonly record: S3ecRecord; readonly content: ContentCipher } {
	const record: S3ecRecord =
		format === "s3ec-v2"
			? { format, ...wrapped, nonce: random(nonceBytes) }
			: { format, ...wrapped, ...newCommitment(dataKey, random) };
	return { record, content: openS3ecRecord(record, dataKey) };
}

function newCommitment(dataKey: Uint8Array, random: Random) {
	const messageId = random(messageIdBytes);
	return { messageId, commitment: s3ecCommitment(dataKey, messageId) };
}

/**
 * The commitment is compared before a key for the content is derived.
 * @throws DecryptionError `commitment-mismatch`; `record-malformed` for a message id of zeroes
 */
export function openS3ecRecord(
	record: S3ecRecord,
	dataKey: Uint8Array,
): ContentCipher {
	requireKey(dataKey);
	if (record.format === "s3ec-v2") {
		const { nonce } = record;
		return { key: secretKey(dataKey), nonce, associatedData: Buffer.alloc(0) };
	}
	const { messageId, commitment } = record;
	if (messageId.equals(zeroId)) {
		throw new DecryptionError("record-malformed", "the message id is all zero");
	}
	if (!timingSafeEqual(s3ecCommitment(dataKey, messageId), commitment)) {
		throw new DecryptionError("commitment-mismatch", "another data key");
	}
	const derived = derive(dataKey, messageId, "DERIVEKEY", 32);
	try {
		const key = createSecretKey(derived);
		return { key, nonce: fixedNonce, associatedData: suite };
	} finally {
		derived.fill(0);
	}
}

function derive(
	dataKey: Uint8Array,
	messageId: Buffer,
	label: string,
	size: number,
): Buffer {
	const info = Buffer.concat([suite, Buffer.from(label)]);
	return Buffer.from(hkdfSync("sha512", dataKey, messageId, info, size));
}
