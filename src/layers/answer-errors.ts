/** Turns whatever is thrown further in into one S3 error document. */
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { bodyOf } from "../http/body.ts";
import type { Layer, S3Response } from "../pipeline.ts";
import { errorDocument } from "../s3/error-document.ts";
import { noteFailure } from "./failure.ts";

export function answerErrors<Request>(): Layer<Request> {
	return (next) => async (request, exchange) => {
		try {
			return withRequestId(await next(request, exchange), exchange);
		} catch (error) {
			return errorAnswer(error, exchange);
		}
	};
}

/** Every answer carries a request id: the store's where it gave one. */
function withRequestId(response: S3Response, exchange: Exchange): S3Response {
	if (response.headers.has("x-amz-request-id")) return response;
	const headers = new Map(response.headers);
	headers.set("x-amz-request-id", exchange.id);
	return { ...response, headers };
}

/** The answer to a failure; what is unexpected shows the client no more than a request id. */
export function errorAnswer(error: unknown, exchange: Exchange): S3Response {
	const known =
		error instanceof SealgateError
			? error
			: new SealgateError(
					"internal",
					"We encountered an internal error. Please try again.",
					{ cause: error },
				);
	noteFailure(known, exchange.findings);
	const headers = new Map([
		["content-type", "application/xml"],
		["x-amz-request-id", exchange.id],
	]);
	if (known.code === "overloaded" || known.code === "draining") {
		headers.set("retry-after", "1");
	}
	// An answer to HEAD has no body, so its reason stands in the log alone.
	if (exchange.received.method === "HEAD") {
		return { status: known.kind.status, headers, body: undefined };
	}
	return {
		status: known.kind.status,
		headers,
		body: bodyOf(
			errorDocument({
				code: known.kind.s3,
				message: known.message,
				resource: exchange.received.target.split("?", 1)[0] ?? "/",
				requestId: exchange.id,
				fields: known.fields,
			}),
		),
	};
}
