/** An upload that is being completed, and the steps that the store has to take for it. */
import type {
	Body,
	Exchange,
	Next,
	OpenedToken,
	Operation,
	S3Request,
	S3Response,
} from "../../src/index.ts";
import type { Envelope } from "./settings.ts";
import { companionsOf } from "./stored-object.ts";

export interface Completing {
	readonly envelope: Envelope;
	readonly request: S3Request;
	readonly next: Next;
	readonly exchange: Exchange;
	readonly upload: OpenedToken;
}

/** A request of our own about the upload, under the store's id of it. */
export function step(
	{ request, next, upload }: Completing,
	name: Operation["name"],
	method: string,
	query: Operation["query"],
	body?: Body,
): Promise<S3Response> {
	const operation = {
		...request.operation,
		name,
		method,
		query: [...query, ["uploadId", upload.uploadId] as [string, string]],
	};
	return next({ operation, headers: companionsOf(request.headers), body });
}
