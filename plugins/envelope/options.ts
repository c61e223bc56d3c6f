/** The options of an envelope route. */
import { z } from "../../src/index.ts";
import { digestMetadata } from "./metadata.ts";

export const options = z.strictObject({
	keys: z.string().min(1).describe("Name of an entry of `keys`."),
	keyId: z
		.string()
		.min(1)
		.max(512)
		.describe("The key that new objects are sealed under: an id or an alias."),
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

export type Options = z.output<typeof options>;
