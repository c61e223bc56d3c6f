/** How an object is protected, by what the store says of it: a claim, for nothing is opened. Pure. */
import type { ObjectRecord } from "../crypto/record.ts";
import { readRecordHeader, recordHeader } from "../crypto/record-header.ts";
import { s3ecMarks } from "../crypto/s3ec/marks.ts";
import type { HeaderMap } from "../http/headers.ts";
import { readBlob } from "../keys/key-material.ts";

export type Format = "t1" | "s3ec-v3" | "s3ec-v2" | "plaintext" | "unknown";

export interface Protection {
	readonly format: Format;
	/** Of the record, else the store's own; empty where neither tells. */
	readonly key: string;
	/** Of a key of the embedded keyring; empty where it is not known. */
	readonly keyVersion: string;
	/** Server-side: `AES256`, `aws:kms`, `aws:kms:dsse`, `SSE-C`; empty: none is told. */
	readonly sse: string;
}

/** @param headers the store's answer to a HEAD */
export function protectionOf(headers: HeaderMap): Protection {
	const customer = headers.has(
		"x-amz-server-side-encryption-customer-algorithm",
	);
	const sse = customer
		? "SSE-C"
		: (headers.get("x-amz-server-side-encryption") ?? "");
	const storeKey =
		headers.get("x-amz-server-side-encryption-aws-kms-key-id") ?? "";
	const mark = headers.get(recordHeader);
	try {
		const marks = s3ecMarks(headers);
		if (mark !== undefined) {
			if (marks !== undefined) return unknown(sse);
			const record = readRecordHeader(mark);
			const version = keyVersionOf(record) ?? "";
			const keyVersion = String(version);
			return { format: "t1", key: record.keyId, keyVersion, sse };
		}
		const format = marks?.format ?? "plaintext";
		const key = marks === undefined ? storeKey : "";
		return { format, key, keyVersion: "", sse };
	} catch {
		// Marks that contradict each other, or a record of a later version, are an answer: nobody here can read it.
		return unknown(sse);
	}
}

export function unknown(sse = ""): Protection {
	return { format: "unknown", key: "", keyVersion: "", sse };
}

/** Where the wrapped key is one of the embedded keyring. */
export function keyVersionOf({
	keyId,
	wrappedKey,
}: Pick<ObjectRecord, "keyId" | "wrappedKey">): number | undefined {
	try {
		const blob = readBlob(wrappedKey);
		// Blobs of other providers may begin alike.
		return blob.keyId === keyId ? blob.version : undefined;
	} catch {
		return undefined;
	}
}
