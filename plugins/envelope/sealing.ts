/** Data keys of objects: made and sealed into a record, and opened from one. */
import type { KeyObject } from "node:crypto";
import {
	DecryptionError,
	type Exchange,
	type HeaderMap,
	metadataHash,
	type ObjectRecord,
	type OpenedRecord,
	type Operation,
	openRecord,
	type RecordFacts,
	readRecordHeader,
	recordHeader,
	requireMetadata,
	type SealedMetadata,
	sealRecord,
	secretKey,
} from "../../src/index.ts";
import { mayOpen } from "./decrypt-list.ts";
import { checkMarks } from "./foreign-marks.ts";
import { boundName, contextOf, type Envelope } from "./settings.ts";

const dataKeyBytes = 32;

export interface NewObject {
	readonly record: ObjectRecord;
	readonly dataKey: KeyObject;
}

export interface ToSeal {
	readonly facts: Pick<RecordFacts, "nonce" | "single">;
	readonly metadata: SealedMetadata;
	/** Those that the object is stored with. */
	readonly headers: HeaderMap;
}

/** A record with a new data key. @throws SealgateError where the key provider gives no wrapping key */
export async function sealNew(
	envelope: Envelope,
	{ facts, metadata, headers }: ToSeal,
	operation: Operation,
	exchange: Exchange,
): Promise<NewObject> {
	const { options, format, random, keys } = envelope;
	const name = boundName(envelope, operation);
	const objectScope = options.scope === "object";
	using wrapping = await keys.forSealing(
		options.keyId,
		contextOf(name, objectScope),
		facts.single?.plaintext ?? 0,
		exchange,
	);
	const hash = options.bindMetadata && metadataHash(headers);
	const all = { ...facts, format, objectScope };
	const bound = hash ? { ...all, metadataHash: hash } : all;
	const dataKey = random(dataKeyBytes);
	try {
		const record = sealRecord(bound, dataKey, metadata, wrapping, name, random);
		return { record, dataKey: secretKey(dataKey) };
	} finally {
		dataKey.fill(0);
	}
}

export interface FoundObject extends OpenedRecord {
	readonly record: ObjectRecord;
}

/**
 * What the store's answer about an object holds, opened; undefined where it carries no mark of ours.
 * @throws DecryptionError
 */
export async function openAnswer(
	envelope: Envelope,
	headers: HeaderMap,
	operation: Operation,
	exchange: Exchange,
): Promise<FoundObject | undefined> {
	const mark = headers.get(recordHeader);
	checkMarks(headers, mark !== undefined);
	if (mark === undefined) return undefined;
	const record = readRecordHeader(mark);
	const name = boundName(envelope, operation);
	if (!(await mayOpen(envelope, record.keyId, exchange))) {
		throw new DecryptionError(
			"key-not-listed",
			`the record names the key ${record.keyId}`,
		);
	}
	using wrapping = await envelope.keys.forOpening(
		record.keyId,
		record.wrappedKey,
		contextOf(name, record.objectScope),
		exchange,
	);
	const opened = openRecord(record, wrapping.key, name);
	checkBound(envelope, record, headers);
	return { record, ...opened };
}

function checkBound(
	{ options }: Envelope,
	{ metadataHash }: ObjectRecord,
	headers: HeaderMap,
): void {
	if (metadataHash !== undefined) requireMetadata(headers, metadataHash);
	else if (options.bindMetadata === "require") {
		throw new DecryptionError(
			"metadata-altered",
			"the record binds no metadata, and bindMetadata: require asks for it",
		);
	}
}
