/** The options of an envelope route. */
import { size, z } from "../../src/index.ts";
import { digestMetadata } from "./metadata.ts";

const formatName = z.enum(["t1", "s3ec-v3", "s3ec-v2"]);

export type FormatName = z.output<typeof formatName>;

/** Names that mean something to a reader, or to this gateway: a route adds none of them. */
const reservedPair = /^(aws:|sealgate:|kms_cmk_id$)/;

const s3ec = z
	.strictObject({
		buffer: size
			.default(8 * 1024 ** 2)
			.describe(
				"The largest object, in bytes of plaintext, that is held in memory until it is authenticated. A larger one is read twice.",
			),
		range: size
			.default(64 * 1024 ** 2)
			.describe(
				"The largest object of which a range is answered, by authenticating all of it first.",
			),
		context: z
			.record(
				z
					.string()
					.regex(/^[\x20-\x7e]+$/, "ASCII")
					.refine(
						(name) => !reservedPair.test(name),
						"a name that is reserved",
					),
				z.string().regex(/^[\x20-\x7e]*$/, "ASCII"),
			)
			.default({})
			.describe(
				"Pairs of the encryption context of each data key. Whoever reads such objects has to give the same ones.",
			),
		instructionFiles: z
			.boolean()
			.default(false)
			.describe(
				"Whether data keys are taken from instruction files, KEY.instruction, where an object has none itself.",
			),
	})
	.prefault({});

export const options = z.strictObject({
	keys: z.string().min(1).describe("Name of an entry of `keys`."),
	keyId: z
		.string()
		.min(1)
		.max(512)
		.describe("The key that new objects are sealed under: an id or an alias."),
	format: formatName
		.default("t1")
		.describe(
			"What new objects are written in: t1, or a format that the AWS S3 Encryption Clients read.",
		),
	read: z
		.array(formatName)
		.min(1)
		.optional()
		.describe(
			"The formats that are read; format alone where it is absent. An object of any other does not open.",
		),
	s3ec: s3ec.describe(
		"How the formats of the S3 Encryption Clients are read and written.",
	),
	scope: z
		.enum(["cache", "object"])
		.default("cache")
		.describe(
			"cache: a wrapping key for many objects; object: one for each, and a call of the key provider with it.",
		),
	decrypt: z
		.array(z.string().min(1).max(512))
		.min(1)
		.optional()
		.describe(
			"Ids or aliases of the keys that objects are opened with; keyId alone where it is absent. A record that names another is refused before the key provider hears of it.",
		),
	onPlaintext: z
		.union([
			z.enum(["refuse", "allow", "warn"]),
			z.strictObject({
				allow: z.strictObject({ prefixes: z.array(z.string().min(1)).min(1) }),
			}),
		])
		.default("refuse")
		.describe(
			"What reading an object without our mark does. allow and warn let the store put any content in its place; warn says so in the log each time.",
		),
	boundBucket: z
		.string()
		.min(3)
		.optional()
		.describe(
			"The bucket name that records are bound to, where the bucket was replicated or restored under another name.",
		),
	sealMetadata: z
		.array(z.string().regex(/^[a-z0-9!#$%&'*+.^_`|~-]+$/, "lower case"))
		.default([...digestMetadata])
		.describe(
			"User metadata, without x-amz-meta-, whose values the store must not see.",
		),
	bindMetadata: z
		.union([z.boolean(), z.literal("require")])
		.default(false)
		.describe(
			"Whether Content-Type, user metadata and their like are authenticated; require: read nothing without.",
		),
	headSize: z
		.enum(["proven", "stated"])
		.default("proven")
		.describe(
			"proven: HEAD tells the size of an object of parts once the object has proven it; stated: as the store's numbers say, in one request.",
		),
	verifyLayout: z
		.union([
			z.strictObject({ maxParts: z.number().int().min(1).max(10_000) }),
			z.literal("unproven"),
		])
		.default({ maxParts: 10_000 })
		.describe(
			"Of how many parts an object may be for a range or a HEAD, where no terminator proves their lengths and each is looked at; one of more is refused. unproven: the lengths are the store's word.",
		),
	listSizes: z
		.enum(["derived", "exact"])
		.default("derived")
		.describe(
			"derived: listings tell sizes by arithmetic; exact: by a HEAD for each object that has not been seen before, for prefixes that hold objects of several kinds.",
		),
	listUploads: z
		.enum(["hidden", "raw"])
		.default("hidden")
		.describe(
			"hidden: ListMultipartUploads shows none; raw: by the store's ids, which can be listed and aborted but not resumed.",
		),
});

export type Options = z.output<typeof options> & {
	/** In place of `boundBucket`, for copies: `sealgate rewrap --rebind` sets it, and no configuration. */
	readonly copiesBindTo?: string;
};
