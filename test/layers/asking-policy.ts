/** A policy that asks the store on its own before a write, and sends a read twice: for `evaluate.test.ts`. */
import { countEvent, definePlugin, withHeaders, z } from "../../src/index.ts";

export const asking = definePlugin({
	name: "asking",
	api: 1,
	effects: ["request-headers"],
	options: z.strictObject({}),
	setup: () => ({
		operations: ["PutObject", "GetObject", "HeadObject"],
		async handle(request, next, exchange) {
			countEvent(exchange, "asking", "asked");
			const { operation } = request;
			if (operation.name === "HeadObject") return next(request);
			if (operation.name === "GetObject") {
				const first = await next({
					...request,
					headers: withHeaders(request.headers, { "x-amz-first": "1" }),
				});
				first.body
					?.start({ data: () => true, end() {}, fail() {} })
					.stop(new Error("not wanted"));
				return next(request);
			}
			const looked = await next({
				operation: {
					name: "HeadObject",
					method: "HEAD",
					bucket: operation.bucket,
					key: "its-own",
					query: [],
				},
				headers: new Map([["x-amz-meta-own", "1"]]),
				body: undefined,
			});
			const headers = withHeaders(request.headers, {
				"x-amz-meta-looked": String(looked.status),
			});
			return next({ ...request, headers });
		},
	}),
});
