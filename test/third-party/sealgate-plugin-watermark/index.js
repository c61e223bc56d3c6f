/** Objects carry the name of who wrote them, and every read says so. */
import { definePlugin, SealgateError, withHeaders, z } from "sealgate";

const mark = "x-amz-meta-written-by";

export const watermark = definePlugin({
	name: "watermark",
	api: 1,
	effects: ["request-headers", "response-headers"],
	options: z.strictObject({
		owner: z
			.string()
			.regex(/^[\w .-]+$/)
			.describe("Who is named beside the client."),
	}),
	setup: ({ owner }) => ({
		operations: ["PutObject", "CreateMultipartUpload", "GetObject"],
		async handle(request, next, exchange) {
			if (request.operation.name === "GetObject") {
				const response = await next(request);
				const headers = withHeaders(response.headers, { "x-owned-by": owner });
				return { ...response, headers };
			}
			if (request.headers.has(mark)) {
				throw new SealgateError(
					"policy-refused",
					`Access Denied: ${mark} is written by the gateway alone.`,
				);
			}
			const client = exchange.client?.name ?? "nobody";
			const headers = withHeaders(request.headers, {
				[mark]: `${client} for ${owner}`,
			});
			return next({ ...request, headers });
		},
	}),
});
