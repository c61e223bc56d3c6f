/** A store that refuses an upload names it: clients see the id that they know. */
import type { Next, S3Request } from "../../src/index.ts";
import { documentOf, withDocument, withText } from "./documents.ts";

/** The store, with the client's UploadId in what it refuses. */
export function withClientUploadId(request: S3Request, next: Next): Next {
	const given = request.operation.query.find(([name]) => name === "uploadId");
	if (given === undefined) return next;
	return async (asked) => {
		const response = await next(asked);
		const { body, status } = response;
		if (status < 400 || body === undefined || body.length === 0)
			return response;
		const document = await documentOf(response);
		return withDocument(response, withText(document, "UploadId", given[1]));
	};
}
