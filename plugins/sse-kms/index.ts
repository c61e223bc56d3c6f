/** Makes the store encrypt with a key of its key service (SSE-KMS or DSSE-KMS), whatever the application asked for. */
import {
	definePlugin,
	type Exchange,
	type Operation,
	z,
} from "../../src/index.ts";
import { createConfirmation } from "../confirm/index.ts";
import {
	checkConfirming,
	confirm,
	expectKey,
	onUnconfirmed,
} from "../confirm/options.ts";
import {
	algorithmHeader,
	bucketKeyHeader,
	contextHeader,
	keyIdHeader,
} from "../encryption-headers.ts";
import {
	effectsOf,
	encryptionPolicy,
	mode,
} from "../server-side-encryption.ts";
import { fill, templateOf } from "../template.ts";
import { judgesOf } from "./judges.ts";

const options = z
	.strictObject({
		mode,
		keyId: z
			.string()
			.min(1)
			.refine((id) => /^[!-~]+$/.test(id), {
				error: "printable ASCII without spaces",
			})
			.optional()
			.describe(
				"Key id, alias or ARN. Without it the store uses its default key, on AWS aws/s3.",
			),
		context: z
			.record(
				z.string(),
				templateOf(z.string(), ["bucket", "key", "client", "route"]),
			)
			.optional()
			.describe(
				"Encryption context; values may hold {bucket}, {key}, {client} and {route}.",
			),
		bucketKey: z
			.boolean()
			.optional()
			.describe(
				"Whether the store may use an S3 Bucket Key: far fewer calls of the key service.",
			),
		dsse: z
			.boolean()
			.default(false)
			.describe("Two layers of encryption (DSSE-KMS)."),
		confirm,
		expectKey,
		onUnconfirmed,
	})
	.refine((value) => !(value.dsse && value.bucketKey), {
		message: "DSSE-KMS knows no bucket keys",
		path: ["bucketKey"],
	})
	.superRefine(checkConfirming);

type Options = z.output<typeof options>;

export const sseKms = definePlugin({
	name: "sse-kms",
	api: 1,
	effects: ["request-headers"],
	effectsUnder: effectsOf,
	options,
	setup: (configured, host) =>
		encryptionPolicy({
			mode: configured.mode,
			wanted: (operation, exchange) =>
				encryptionHeaders(configured, operation, exchange),
			judges: judgesOf(configured),
			confirmation: createConfirmation(configured, host),
		}),
});

function encryptionHeaders(
	configured: Options,
	operation: Operation,
	exchange: Exchange,
): Record<string, string> {
	const { keyId, context, bucketKey, dsse } = configured;
	return {
		[algorithmHeader]: dsse ? "aws:kms:dsse" : "aws:kms",
		...(keyId === undefined ? {} : { [keyIdHeader]: keyId }),
		...(context === undefined
			? {}
			: { [contextHeader]: encodeContext(context, operation, exchange) }),
		...(bucketKey === undefined
			? {}
			: { [bucketKeyHeader]: String(bucketKey) }),
	};
}

/** S3 takes the context as base64 of a JSON object of strings. */
function encodeContext(
	context: Readonly<Record<string, string>>,
	operation: Operation,
	exchange: Exchange,
): string {
	const filled = Object.entries(context).map(([name, value]) => [
		name,
		fill(value, operation, exchange),
	]);
	return Buffer.from(JSON.stringify(Object.fromEntries(filled))).toString(
		"base64",
	);
}
