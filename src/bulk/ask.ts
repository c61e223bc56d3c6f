/** Requests of a run, and what it reads of their answers. */
import { SealgateError } from "../errors.ts";
import { readAll } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import { child, childText, parseXml, type XmlElement } from "../s3/xml.ts";
import type { Item } from "./item.ts";

export type Ask = (request: S3Request) => Promise<S3Response>;

/** Bytes: a page of 1,000 long keys, escaped. */
const documentBytes = 32 * 1024 * 1024;

/** The document of an answer. @throws StoreRefusal for an error, also one behind the status 200 */
export async function documentOf(
	response: S3Response,
	what: string,
): Promise<XmlElement | undefined> {
	const content =
		response.body &&
		(await readAll(
			response.body,
			documentBytes,
			() =>
				new SealgateError(
					"upstream-broken",
					`${what}: the answer is too long.`,
				),
		));
	const text = content?.toString("utf8").trim() ?? "";
	const document = text.startsWith("<") ? parseXml(text) : undefined;
	if (response.status < 300 && document?.name !== "Error") return document;
	const error = document?.name === "Error" ? document : undefined;
	const code = error && childText(error, "Code");
	const status =
		response.status >= 300 ? response.status : (statusOf[code ?? ""] ?? 500);
	const message = error && childText(error, "Message");
	throw new StoreRefusal(
		status,
		code ?? `HTTP ${response.status}`,
		message,
		what,
	);
}

/** Behind a 200 the status is gone: those that a run tells apart. */
const statusOf: Readonly<Record<string, number>> = {
	PreconditionFailed: 412,
	NoSuchKey: 404,
	SlowDown: 503,
	ServiceUnavailable: 503,
	AccessDenied: 403,
};

/** An answer that is an error: the store's, or the pipeline's own. */
export class StoreRefusal extends Error {
	override readonly name = "StoreRefusal";
	readonly status: number;
	readonly code: string;
	constructor(
		status: number,
		code: string,
		message: string | undefined,
		what: string,
	) {
		super(`${what}: ${code}${message === undefined ? "" : ` (${message})`}`);
		this.status = status;
		this.code = code;
	}
}

/** A HEAD of an object, or of the version that the item names. */
export function headOf(bucket: string, { key, versionId }: Item): S3Request {
	return {
		operation: {
			name: "HeadObject",
			method: "HEAD",
			bucket,
			key,
			query: versionId === undefined ? [] : [["versionId", versionId]],
		},
		headers: new Map(),
		body: undefined,
	};
}

export function flag(node: XmlElement, name: string): boolean {
	return child(node, name)?.text === "true";
}
