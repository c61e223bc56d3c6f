/** Makes the store encrypt with a key of its key service (SSE-KMS or DSSE-KMS), whatever the application asked for. */
import {
	definePlugin,
	type Exchange,
	type Operation,
	type OperationName,
	type S3Request,
	z,
} from "../../src/index.ts";
import {
	algorithmHeader,
	asksForEncryption,
	bucketKeyHeader,
	contextHeader,
	defaultEncryption,
	isCustomerKeyHeader,
	keyIdHeader,
	mode,
	parts,
	refusal,
	withEncryption,
	withoutCustomerKey,
	writes,
} from "../server-side-encryption.ts";
import { fill } from "../template.ts";

const options = z
	.strictObject({
		mode,
		keyId: z
			.string()
			.min(1)
			.optional()
			.describe(
				"Key id, alias or ARN. Without it the store uses its default key, on AWS aws/s3.",
			),
		context: z
			.record(z.string(), z.string())
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
	})
	.refine((value) => !(value.dsse && value.bucketKey), {
		message: "DSSE-KMS knows no bucket keys",
		path: ["bucketKey"],
	});

type Options = z.output<typeof options>;

const bucketDefaults: readonly OperationName[] = [
	"PutBucketEncryption",
	"DeleteBucketEncryption",
	"UpdateObjectEncryption",
];

export const sseKms = definePlugin({
	name: "sse-kms",
	api: 1,
	effects: ["request-headers"],
	options,
	setup: (configured) => ({
		operations: [...writes, ...parts, ...bucketDefaults],
		async handle(request, next, exchange) {
			const { operation } = request;
			if (bucketDefaults.includes(operation.name)) {
				keepDefault(configured, request);
				return next(request);
			}
			if (parts.includes(operation.name)) {
				return next(
					configured.mode === "override"
						? withoutCustomerKey(request)
						: request,
				);
			}
			const wanted = encryptionHeaders(configured, operation, exchange);
			if (configured.mode === "require") {
				demand(request, wanted);
				return next(request);
			}
			if (configured.mode === "add" && asksForEncryption(request))
				return next(request);
			return next(withEncryption(request, wanted));
		},
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

function demand(
	request: S3Request,
	wanted: Readonly<Record<string, string>>,
): void {
	for (const [name, value] of Object.entries(wanted)) {
		const given = request.headers.get(name);
		if (given === value) continue;
		throw refusal(
			`the owner of this data requires ${name}: ${value}; the request ${given === undefined ? "does not have it" : `says ${given}`}.`,
		);
	}
	if ([...request.headers.keys()].some(isCustomerKeyHeader)) {
		throw refusal(
			"the owner of this data requires a key of the key service; the request brings its own.",
		);
	}
}

/** A bucket's default may name the required encryption and nothing weaker. */
function keepDefault(configured: Options, request: S3Request): void {
	const { name, bucket } = request.operation;
	const required = configured.dsse ? "aws:kms:dsse" : "aws:kms";
	if (name === "PutBucketEncryption") {
		const { algorithm, keyId } = defaultEncryption(request);
		const strong = algorithm === required || algorithm === "aws:kms:dsse";
		if (
			strong &&
			(configured.keyId === undefined || keyId === configured.keyId)
		)
			return;
	}
	const key =
		configured.keyId === undefined ? "" : ` with key ${configured.keyId}`;
	throw refusal(
		`${name} would loosen the encryption of bucket ${bucket}; its owner requires ${required}${key}.`,
	);
}
