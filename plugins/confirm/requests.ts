/** The requests of its own by which a policy finds out what a store did. */
import {
	childText,
	type HeaderMap,
	type Next,
	type Operation,
	parseXml,
	readAll,
	type S3Request,
	type S3Response,
	SealgateError,
	type XmlElement,
} from "../../src/index.ts";

/** Milliseconds for one of them. They are not bound to the client, who may go away and leave a probe behind. */
const ownTime = 30_000;
/** Bytes of a document of the store. */
const documentBytes = 1024 * 1024;

export type Send = (
	operation: Operation,
	headers: HeaderMap,
	body?: S3Request["body"],
) => Promise<S3Response>;

export function sender(next: Next): Send {
	return (operation, headers, body) =>
		next(
			{ operation, headers, body },
			{ signal: AbortSignal.timeout(ownTime) },
		);
}

type Method = readonly [name: Operation["name"], method: string];
const head: Method = ["HeadObject", "HEAD"];
const remove: Method = ["DeleteObject", "DELETE"];
const abort: Method = ["AbortMultipartUpload", "DELETE"];
const write: Method = ["PutObject", "PUT"];

function operationOf(
	[name, method]: Method,
	bucket: string,
	key: string,
	parameter: string,
	value: string | undefined,
): Operation {
	const query = value === undefined ? [] : [[parameter, value] as const];
	return { name, method, bucket, key, query };
}

export const toWrite = (bucket: string, key: string) =>
	operationOf(write, bucket, key, "", undefined);
export const toLook = (bucket: string, key: string, version?: string) =>
	operationOf(head, bucket, key, "versionId", version);
export const toDelete = (bucket: string, key: string, version?: string) =>
	operationOf(remove, bucket, key, "versionId", version);
export const toAbort = (bucket: string, key: string, uploadId: string) =>
	operationOf(abort, bucket, key, "uploadId", uploadId);

/** The version that an answer names. `null` is no name: any later write may have taken it. */
export function versionOf({ headers }: S3Response): string | undefined {
	const version = headers.get("x-amz-version-id");
	return version === "null" || version === "" ? undefined : version;
}

/** Whether asking again can help. 501 is not among them: the store does not know what it was asked for. */
export function isPassing({ status }: S3Response): boolean {
	return status === 429 || [500, 502, 503, 504].includes(status);
}

/** The whole body of an answer. @throws SealgateError `upstream-broken` where it is no small document */
export async function contentOf({ body }: S3Response): Promise<Buffer> {
	if (body === undefined) return Buffer.alloc(0);
	return readAll(body, documentBytes, () => broken("is too long"));
}

/** @throws SealgateError `upstream-broken` where it is no XML */
export function documentIn(content: Buffer): XmlElement {
	try {
		return parseXml(content.toString("utf8").trim());
	} catch (error) {
		throw broken("is no XML", error);
	}
}

/** What a refusal of the store says: `403 AccessDenied: Access Denied.` */
export async function refusalOf(
	response: S3Response,
): Promise<{ readonly code: string | undefined; readonly text: string }> {
	const { status } = response;
	const content = await contentOf(response);
	const document = errorIn(content);
	if (document === undefined) return { code: undefined, text: String(status) };
	const code = childText(document, "Code");
	const message = childText(document, "Message");
	return {
		code,
		text: [`${status} ${code ?? ""}`.trim(), message]
			.filter((part) => part !== undefined && part !== "")
			.join(": ")
			.replace(/\.$/, ""),
	};
}

/** A refusal may come from something in front of the store, and be no XML. */
function errorIn(content: Buffer): XmlElement | undefined {
	try {
		return documentIn(content);
	} catch {
		return undefined;
	}
}

function broken(what: string, cause?: unknown): SealgateError {
	return new SealgateError(
		"upstream-broken",
		`The store's answer ${what}. Try again.`,
		{ cause },
	);
}
