/** Reads the store's refusals for the log and the metrics, while they pass to the client unchanged. */
import { SealgateError } from "../errors.ts";
import type { Findings } from "../exchange.ts";
import { through } from "../http/body.ts";
import type { S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { childText, parseXml } from "../s3/xml.ts";

/**
 * What may answer 200, then white space to keep the connection, and fail in its body.
 * AWS, API reference of CompleteMultipartUpload and CopyObject.
 */
const lateToFail = new Set<OperationName>([
	"CompleteMultipartUpload",
	"CopyObject",
	"UploadPartCopy",
]);

/** Bytes of a document that are kept to be read; a longer one is no refusal. Chunks of white space are not. */
const longest = 64 * 1024;

export function withStoreError(
	response: S3Response,
	operation: OperationName,
	findings: Findings,
): S3Response {
	if (response.status < 400 && !lateToFail.has(operation)) return response;
	if (response.body === undefined) return response;
	const { body } = response;
	return {
		...response,
		body: through(body, body.length, (to) => {
			const kept: Buffer[] = [];
			let size = 0;
			return {
				data(chunk) {
					if (chunk.toString("latin1").trim() !== "") {
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
		}),
	};
}

function note(document: Buffer, findings: Findings): void {
	const text = document.toString("utf8").trim();
	if (!/^(<\?xml[^>]*>\s*)?<Error[\s>]/.test(text)) return;
	try {
		const error = parseXml(text);
		const code = childText(error, "Code");
		const reason = childText(error, "Message");
		if (code !== undefined) findings.upstreamError = code;
		if (reason !== undefined) findings.reason = reason;
	} catch (error) {
		if (!(error instanceof SealgateError)) throw error;
		findings.reason = "the store's error document is malformed";
	}
}
