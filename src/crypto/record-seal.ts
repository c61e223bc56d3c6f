/**
 * Seals a data key into its record and opens it again. The associated data binds the record to its place:
 * "sealgate/t1 seal" 00, length-prefixed bucket and key, then every authenticated byte of the record.
 * docs/format.md, "Sealed key".
 */
import { type KeyObject, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import { commitmentOf, requireCommitment } from "./commitment.ts";
import { DecryptionError } from "./decryption-error.ts";
import { DerivedKey, saltBytes } from "./derived-key.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import { encodeHead, type ObjectRecord, type RecordHead } from "./record.ts";
import {
	decodeSealedMetadata,
	encodeSealedMetadata,
	type SealedMetadata,
} from "./sealed-metadata.ts";
import { keyBytes, type Random, requireKey, secretKey } from "./secret-key.ts";

/** The names that a record or token is bound to: the bound bucket, and the object key as the client wrote it. */
export interface ObjectName {
	readonly bucket: string;
	readonly key: string;
}

/** A wrapping key in hand. The bytes stay the caller's: nothing of them is kept. */
export interface WrappingKey {
	readonly key: Uint8Array;
	readonly keyId: string;
	/** As the key provider wrapped it. */
	readonly wrapped: Buffer;
}

/** What a record says beside what sealing adds to it. */
export type RecordFacts = Omit<RecordHead, "commitment" | "keyId">;

export interface OpenedRecord {
	readonly dataKey: KeyObject;
	readonly metadata: SealedMetadata;
}

const sealLabel = "sealgate/t1 seal/1";
const associatedLabel = Buffer.from("sealgate/t1 seal\0", "latin1");

/**
 * A record for a data key of 32 bytes, new or opened from another record. The record was opened again and found to
 * yield that key before this returns.
 * @throws SealgateError `internal` for a key that is all zero, `argument-invalid` for metadata that is no header
 */
export function sealRecord(
	facts: RecordFacts,
	dataKey: Uint8Array,
	metadata: SealedMetadata,
	wrapping: WrappingKey,
	name: ObjectName,
	random: Random,
): ObjectRecord {
	requireKey(dataKey);
	const commitment = commitmentOf(dataKey, facts.nonce);
	const head = { ...facts, keyId: wrapping.keyId, commitment };
	const salt = random(saltBytes);
	const plain = Buffer.concat([dataKey, encodeSealedMetadata(metadata)]);
	const derived = new DerivedKey(wrapping.key, salt, sealLabel);
	const sealed = derived.seal(plain, associatedData(head, name));
	derived.erase();
	plain.fill(0);
	const sealedKey = Buffer.concat([salt, sealed]);
	const record = { ...head, sealedKey, wrappedKey: wrapping.wrapped };
	const again = openSealedKey(record, wrapping.key, name);
	if (!timingSafeEqual(again.subarray(0, keyBytes), dataKey)) {
		throw new SealgateError("internal", "A new record holds another key.");
	}
	again.fill(0);
	return record;
}

/** @throws DecryptionError `seal-broken`, `commitment-mismatch`, `record-malformed` */
export function openRecord(
	record: ObjectRecord,
	wrappingKey: Uint8Array,
	name: ObjectName,
): OpenedRecord {
	const plain = openSealedKey(record, wrappingKey, name);
	const dataKey = plain.subarray(0, keyBytes);
	try {
		requireCommitment(dataKey, record.nonce, record.commitment);
		return {
			dataKey: secretKey(dataKey),
			metadata: decodeSealedMetadata(plain.subarray(keyBytes)),
		};
	} finally {
		plain.fill(0);
	}
}

/**
 * The record of the same body for another name, or under another wrapping key; `opened` is what the old one held.
 * @param facts the old record, or what is to differ from it; never another nonce
 * @throws SealgateError as `sealRecord`
 */
export function resealRecord(
	facts: RecordFacts,
	opened: OpenedRecord,
	wrapping: WrappingKey,
	name: ObjectName,
	random: Random,
): ObjectRecord {
	const dataKey = opened.dataKey.export();
	try {
		const { metadata } = opened;
		return sealRecord(facts, dataKey, metadata, wrapping, name, random);
	} finally {
		dataKey.fill(0);
	}
}

/** Data key and sealed metadata. */
function openSealedKey(
	record: ObjectRecord,
	wrappingKey: Uint8Array,
	name: ObjectName,
): Buffer {
	const salt = record.sealedKey.subarray(0, saltBytes);
	const derived = new DerivedKey(wrappingKey, salt, sealLabel);
	const plain = derived.open(
		record.sealedKey.subarray(saltBytes),
		associatedData(record, name),
	);
	derived.erase();
	if (plain === undefined || plain.length < keyBytes) {
		throw new DecryptionError(
			"seal-broken",
			"the record is not this object's, or not under this wrapping key",
		);
	}
	return plain;
}

function associatedData(head: RecordHead, name: ObjectName): Buffer {
	return Buffer.concat([
		associatedLabel,
		lengthPrefixed(Buffer.from(name.bucket), Buffer.from(name.key)),
		encodeHead(head),
	]);
}
