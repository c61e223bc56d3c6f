/** Reads the store's refusals for the log and the metrics. What is the client's passes on; what is the operator's does not. */
import { SealgateError } from "../errors.ts";
import type { Findings } from "../exchange.ts";
import { type Body, bodyOf, readAll, through } from "../http/body.ts";
import { withoutHeaders } from "../http/headers.ts";
import type { S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { childText, parseXml, type XmlElement } from "../s3/xml.ts";
import { type Answering, operatorFault } from "./operator-faults.ts";

/**
 * What may answer 200, then white space to keep the connection, and fail in its body.
 * AWS, API reference of CompleteMultipartUpload and CopyObject.
 */
export const lateToFail: ReadonlySet<OperationName> = new Set<OperationName>([
	"CompleteMultipartUpload",
	"CopyObject",
	"UploadPartCopy",
]);

/** Bytes of a refusal's document. Chunks of white space are not counted. */
const longest = 64 * 1024;

/** @throws SealgateError `upstream-misconfigured`, `upstream-broken` for a refusal that breaks off or does not end */
export async function withStoreError(
	response: S3Response,
	operation: OperationName,
	store: Answering,
	findings: Findings,
): Promise<S3Response> {
	const { status, body } = response;
	if (status < 300) {
		return body !== undefined && lateToFail.has(operation)
			? { ...response, body: noted(body, findings) }
			: response;
	}
	const content = body && (await readRefusal(body));
	const document = content && note(content, findings);
	const fault = operatorFault(response, operation, document, store);
	if (fault !== undefined) throw fault;
	if (content === undefined) return response;
	return {
		...response,
		headers: withoutHeaders(
			response.headers,
			(name) => name === "content-length",
		),
		body: bodyOf(content),
	};
}

async function readRefusal(body: Body): Promise<Buffer> {
	const broken = (cause?: unknown) =>
		new SealgateError(
			"upstream-broken",
			"The store's refusal broke off, or is too long to be one. Try again.",
			{ cause },
		);
	try {
		return await readAll(withoutBlanks(body), longest, broken);
	} catch (error) {
		throw error instanceof SealgateError ? error : broken(error);
	}
}

const blank = (chunk: Buffer) => chunk.toString("latin1").trim() === "";

function withoutBlanks(body: Body): Body {
	return through(body, undefined, (to) => ({
		data: (chunk) => blank(chunk) || to.data(chunk),
		end: () => to.end(),
	}));
}

/** Passes as it comes; its document is read beside it. */
function noted(body: Body, findings: Findings): Body {
	return through(body, body.length, (to) => {
		const kept: Buffer[] = [];
		let size = 0;
		return {
			data(chunk) {
				if (!blank(chunk)) {
					size += chunk.length;
					if (size <= longest) kept.push(Buffer.from(chunk));
				}
				return to.data(chunk);
			},
			end() {
				if (size <= longest) note(Buffer.concat(kept), findings);
				to.end();
			},
		};
	});
}

/** @returns the document, where it is an `<Error>` */
function note(document: Buffer, findings: Findings): XmlElement | undefined {
	const text = document.toString("utf8").trim();
	if (!/^(<\?xml[^>]*>\s*)?<Error[\s>]/.test(text)) return undefined;
	try {
		const error = parseXml(text);
		const code = childText(error, "Code");
		const reason = childText(error, "Message");
		if (code !== undefined) findings.upstreamError = code;
		if (reason !== undefined) findings.reason = reason;
		return error;
	} catch (error) {
		if (!(error instanceof SealgateError)) throw error;
		findings.reason = "the store's error document is malformed";
		return undefined;
	}
}
