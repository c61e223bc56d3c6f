/** The record as S3 user metadata: one header, base64url without padding (RFC 4648 section 5). */
import { DecryptionError } from "./decryption-error.ts";
import { decodeRecord, encodeRecord, type ObjectRecord } from "./record.ts";

/** The header that marks an object as `t1`. */
export const recordHeader = "x-amz-meta-sealgate";

/** Whether a header is in the namespace that clients may neither write nor see. @param name lower case */
export function isOwnMetadata(name: string): boolean {
	return name === recordHeader || name.startsWith(`${recordHeader}-`);
}

export function recordHeaderValue(record: ObjectRecord): string {
	return encodeRecord(record).toString("base64url");
}

/** @throws DecryptionError `record-malformed`, `record-unknown` */
export function readRecordHeader(value: string): ObjectRecord {
	const bytes = Buffer.from(value, "base64url");
	// Node's decoder skips what it does not understand; a record has one spelling.
	if (bytes.toString("base64url") !== value) {
		throw new DecryptionError("record-malformed", "it is not base64url");
	}
	return decodeRecord(bytes);
}
