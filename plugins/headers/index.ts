/** Sets and removes request headers, for applications that cannot be changed. */
import {
	definePlugin,
	type OperationName,
	operationNames,
	z,
} from "../../src/index.ts";
import { fill } from "../template.ts";

/** What the gateway itself decides: the connection, the framing, the signature and the integrity of the body. */
const reserved =
	/^(authorization|connection|content-length|content-md5|expect|host|te|trailer|transfer-encoding|upgrade|x-amz-checksum-.*|x-amz-content-sha256|x-amz-copy-source|x-amz-date|x-amz-decoded-content-length|x-amz-security-token|x-amz-trailer)$/;

const name = z
	.string()
	.regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "a header name in lower case")
	.refine((value) => !reserved.test(value), {
		message: "this header is the gateway's own to decide",
	});
const value = z.string().regex(/^[\t\u0020-\u007e]*$/, "printable ASCII");

const options = z.strictObject({
	set: z
		.record(name, value)
		.optional()
		.describe(
			"Headers to set; values may hold {bucket}, {client} and {route}.",
		),
	add: z
		.record(name, value)
		.optional()
		.describe("Headers to set where the request has none of that name."),
	remove: z.array(name).optional().describe("Headers to remove."),
	operations: z
		.array(z.enum(operationNames as [OperationName, ...OperationName[]]))
		.min(1)
		.optional()
		.describe("Only on these operations."),
});

export const headers = definePlugin({
	name: "headers",
	api: 1,
	effects: ["request-headers"],
	options,
	setup: (configured) => ({
		operations: configured.operations ?? "all",
		async handle(request, next, exchange) {
			const changed = new Map(request.headers);
			const filled = (text: string): string =>
				// An object key may hold line ends: it never goes into a header as it is.
				fill(text, { ...request.operation, key: undefined }, exchange);
			for (const removed of configured.remove ?? []) changed.delete(removed);
			for (const [field, text] of Object.entries(configured.add ?? {})) {
				if (!changed.has(field)) changed.set(field, filled(text));
			}
			for (const [field, text] of Object.entries(configured.set ?? {}))
				changed.set(field, filled(text));
			return next({ ...request, headers: changed });
		},
	}),
});
