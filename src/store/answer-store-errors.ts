/** Turns what the store refuses into its answer. */
import { bodyOf } from "../http/body.ts";
import type { Layer } from "../pipeline.ts";
import { errorDocument } from "../s3/error-document.ts";
import { StoreError } from "./errors.ts";

export function answerStoreErrors(): Layer {
	return (next) => async (request, exchange) => {
		try {
			return await next(request, exchange);
		} catch (error) {
			if (!(error instanceof StoreError)) throw error;
			const { code, message, fields, status, headers } = error;
			const text = errorDocument({
				code,
				message,
				fields,
				resource: exchange.received.target.split("?", 1)[0] ?? "/",
				requestId: exchange.id,
			});
			const body =
				request.operation.method === "HEAD" ? undefined : bodyOf(text);
			return {
				status,
				headers: new Map([
					["content-type", "application/xml"],
					...Object.entries(headers),
				]),
				body,
			};
		}
	};
}
