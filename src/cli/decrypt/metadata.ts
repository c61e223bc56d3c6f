/** What a store says of an object, from a file: the answer of the aws cli as JSON, or header lines as curl prints them. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { DecryptionError } from "../../crypto/decryption-error.ts";
import type { ObjectRecord } from "../../crypto/record.ts";
import { readRecordHeader, recordHeader } from "../../crypto/record-header.ts";
import { s3ecMarks } from "../../crypto/s3ec/marks.ts";
import { UsageError } from "../answer.ts";

const answer = z.object({
	Metadata: z.record(z.string(), z.string()),
	CacheControl: z.string().optional(),
	ContentDisposition: z.string().optional(),
	ContentEncoding: z.string().optional(),
	ContentLanguage: z.string().optional(),
	ContentType: z.string().optional(),
	/** As the store wrote it; `Expires` is written anew by the aws cli. */
	ExpiresString: z.string().optional(),
	WebsiteRedirectLocation: z.string().optional(),
});

const names = {
	CacheControl: "cache-control",
	ContentDisposition: "content-disposition",
	ContentEncoding: "content-encoding",
	ContentLanguage: "content-language",
	ContentType: "content-type",
	ExpiresString: "expires",
	WebsiteRedirectLocation: "x-amz-website-redirect-location",
} as const;

/** Lower-case header names to values. @throws UsageError where it is neither */
export function readMetadata(file: string): Map<string, string> {
	const text = readFileSync(file, "latin1");
	return text.trimStart().startsWith("{")
		? fromJson(Buffer.from(text, "latin1").toString("utf8"), file)
		: fromLines(text);
}

/** @throws Error where the object carries no mark of ours; DecryptionError where the mark is no record, or `format-refused` for one of another format */
export function recordOf(
	headers: ReadonlyMap<string, string>,
	file: string,
): ObjectRecord {
	const mark = headers.get(recordHeader);
	const foreign = s3ecMarks(headers);
	if (foreign !== undefined) {
		throw new DecryptionError(
			"format-refused",
			mark === undefined
				? `${file} is of an object in the format ${foreign.format}. This command is for Sealgate's own, t1: read the object with an S3 Encryption Client, or through a route whose read has ${foreign.format}`
				: `${file} has the marks of t1 and of ${foreign.format}: one of them is not the object's`,
		);
	}
	if (mark !== undefined) return readRecordHeader(mark);
	throw new Error(
		`${file} has no ${recordHeader}: it is not of an object that Sealgate encrypted, or the store took the mark away`,
	);
}

function fromJson(text: string, file: string): Map<string, string> {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new UsageError(`${file} begins like JSON and is none`);
	}
	const parsed = answer.safeParse(json);
	if (!parsed.success) {
		throw new UsageError(
			`${file} is not what "aws s3api head-object" prints: it has no Metadata`,
		);
	}
	const headers = new Map<string, string>();
	for (const [name, header] of Object.entries(names)) {
		const value = parsed.data[name as keyof typeof names];
		if (value !== undefined) headers.set(header, value);
	}
	for (const [name, value] of Object.entries(parsed.data.Metadata))
		headers.set(`x-amz-meta-${name.toLowerCase()}`, value);
	return headers;
}

function fromLines(text: string): Map<string, string> {
	const headers = new Map<string, string>();
	for (const line of text.split(/\r?\n/)) {
		const colon = line.indexOf(":");
		if (colon > 0)
			headers.set(
				line.slice(0, colon).trim().toLowerCase(),
				line.slice(colon + 1).trim(),
			);
	}
	return headers;
}
