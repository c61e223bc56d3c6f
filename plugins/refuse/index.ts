/** Refuses requests by what they are and what they carry. */
import {
	definePlugin,
	type Exchange,
	globMatches,
	type S3Request,
	SealgateError,
	z,
} from "../../src/index.ts";
import { operationName } from "../operation-names.ts";
import { asksForEncryption, writes } from "../server-side-encryption.ts";

const units = { "": 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const size = z
	.union([z.int().nonnegative(), z.string().regex(/^\d+(KiB|MiB|GiB)?$/)])
	.transform((value) => {
		const [, digits = "0", unit = ""] = /^(\d+)(.*)$/.exec(String(value)) ?? [];
		return Number(digits) * units[unit as keyof typeof units];
	});

const options = z
	.strictObject({
		operations: z
			.array(operationName)
			.min(1)
			.optional()
			.describe("Refuse these operations."),
		headers: z
			.record(
				z.string().regex(/^[a-z0-9-]+$/),
				z.union([z.literal(true), z.string()]),
			)
			.optional()
			.describe(
				"Refuse when each of these headers is there; a text is a glob that its value must match.",
			),
		missingEncryption: z
			.literal(true)
			.optional()
			.describe("Refuse writes that ask for no server-side encryption."),
		largerThan: size
			.optional()
			.describe(
				"Refuse bodies of more bytes; 5MiB and the like may be written.",
			),
		plainHttp: z
			.literal(true)
			.optional()
			.describe("Refuse clients that do not speak TLS."),
		reason: z.string().min(1).describe("The sentence that the client reads."),
	})
	.refine((value) => Object.keys(value).length > 1, {
		message: "give at least one condition",
	});

type Options = z.output<typeof options>;

export const refuse = definePlugin({
	name: "refuse",
	api: 1,
	effects: [],
	options,
	setup: (configured) => ({
		operations: configured.operations ?? "all",
		async handle(request, next, exchange) {
			if (applies(configured, request, exchange)) {
				throw new SealgateError(
					"policy-refused",
					`Access Denied: ${configured.reason}`,
				);
			}
			return next(request);
		},
	}),
});

/** Conditions that are given together must all hold. */
function applies(
	configured: Options,
	request: S3Request,
	exchange: Exchange,
): boolean {
	const { headers, missingEncryption, largerThan, plainHttp } = configured;
	if (plainHttp && exchange.received.secure) return false;
	if (missingEncryption) {
		if (!writes.includes(request.operation.name) || asksForEncryption(request))
			return false;
	}
	if (largerThan !== undefined && sizeOf(request) <= largerThan) return false;
	return Object.entries(headers ?? {}).every(([name, wanted]) => {
		const value = request.headers.get(name);
		return (
			value !== undefined && (wanted === true || globMatches(wanted, value))
		);
	});
}

/** In bytes. A body of unknown length may be of any. */
function sizeOf(request: S3Request): number {
	if (request.body === undefined) return 0;
	return request.body.length ?? Number.POSITIVE_INFINITY;
}
