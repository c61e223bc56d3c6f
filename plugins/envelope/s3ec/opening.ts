/** The data key of an object of an S3 Encryption Client: from its metadata, or its instruction file, to its cipher. */
import {
	type ContentCipher,
	DecryptionError,
	type Exchange,
	openS3ecRecord,
	readS3ecFields,
	requireS3ecContext,
	type S3ecMarks,
	type S3ecRecord,
	SealgateError,
} from "../../../src/index.ts";
import type { Envelope } from "../settings.ts";

/** @throws DecryptionError where the record is none, or is wrapped under another context than the route's */
export function recordOf({ options }: Envelope, marks: S3ecMarks): S3ecRecord {
	const record = readS3ecFields(marks.format, marks.fields);
	requireS3ecContext(record.format, record.context, options.s3ec.context);
	return record;
}

/** @throws DecryptionError; SealgateError where the key provider gives no key */
export async function cipherOf(
	envelope: Envelope,
	record: S3ecRecord,
	exchange: Exchange,
): Promise<ContentCipher> {
	using key = await unwrap(envelope, record, exchange);
	return openS3ecRecord(record, key.key);
}

/**
 * Nothing of the record names its key, so that each key of the route is tried, the one that it writes with first.
 * A key that may not be used now hides none of the others.
 */
async function unwrap(
	{ options, keys }: Envelope,
	{ wrappedKey, context }: S3ecRecord,
	exchange: Exchange,
) {
	let failed: unknown;
	for (const keyId of options.decrypt ?? [options.keyId]) {
		try {
			return await keys.forOpening(keyId, wrappedKey, context, exchange);
		} catch (error) {
			if (!isOfThisKey(error)) throw error;
			if (failed === undefined || failed instanceof DecryptionError)
				failed = error;
		}
	}
	throw failed;
}

function isOfThisKey(error: unknown): boolean {
	if (error instanceof DecryptionError) return true;
	return error instanceof SealgateError && error.code.startsWith("key-");
}

/** @throws DecryptionError `stream-malformed`; `answer-malformed` where the writer told another length */
export function checkLength(record: S3ecRecord, plaintext: number): void {
	if (record.format !== "s3ec-v2") return;
	if (record.plaintext === undefined || record.plaintext === plaintext) return;
	throw new DecryptionError(
		"answer-malformed",
		`the store has ${plaintext} bytes of plaintext where the record tells ${record.plaintext}`,
	);
}
