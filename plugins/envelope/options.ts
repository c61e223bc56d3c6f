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
	onPlaintext: z
		.enum(["refuse", "allow", "warn"])
		.default("refuse")
		.describe(
			"What reading an object without our mark does. allow and warn let the store put any content in its place.",
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
});

export type Options = z.output<typeof options>;
