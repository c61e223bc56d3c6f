/** Sets and removes request headers, for applications that cannot be changed. */
import {
	definePlugin,
	operationNames,
	operationRow,
	z,
} from "../../src/index.ts";
import { operationName } from "../operation-names.ts";
import { fill, templateOf } from "../template.ts";

/** What the gateway itself decides: the connection, the framing, the signature and the integrity of the body. */
const reserved =
	/^(authorization|connection|content-length|content-md5|expect|host|te|trailer|transfer-encoding|upgrade|x-amz-checksum-.*|x-amz-content-sha256|x-amz-date|x-amz-decoded-content-length|x-amz-security-token|x-amz-trailer)$/;

/** What tells one operation from another: a change would make it another one behind the back of every policy. */
const telling = new Set(
	operationNames.flatMap((name) => {
		const { headers, withoutHeaders } = operationRow(name);
		return [...headers, ...withoutHeaders];
	}),
);

const name = z
	.string()
	.regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "a header name in lower case")
	.refine((value) => !reserved.test(value) && !telling.has(value), {
		message: "this header is the gateway's own to decide",
	});
/** No `{key}`: an object key may hold line ends. */
const value = templateOf(
	z.string().regex(/^[\t\u0020-\u007e]*$/, "printable ASCII"),
	["bucket", "client", "route"],
);

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
		.array(operationName)
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
				fill(text, request.operation, exchange);
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
