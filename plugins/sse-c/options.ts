/** What a configuration may say of customer keys. */
import { z } from "../../src/index.ts";

/** Keys that a read tries: each one more is one more request for an object that none of them opens. */
export const mostKeys = 4;

const plainHttp = z
	.enum(["refuse", "loopback"])
	.default("refuse")
	.describe(
		"Clients that bring a key without TLS: refuse them as S3 does, or let those of this machine.",
	);

const secret = z
	.string()
	.refine((text) => Buffer.byteLength(text) >= 32, {
		error: "at least 32 bytes; make one with: openssl rand -base64 32",
	})
	.meta({ secret: true });

const file = z.string().min(1);

const oneOrMore = <Item extends z.ZodType>(item: Item) =>
	z.union([
		item.transform((value) => [value]),
		z.array(item).min(1).max(mostKeys),
	]);

const strip = z.strictObject({
	mode: z.literal("strip").describe("Take the client's key away."),
	plainHttp,
});

const refuse = z.strictObject({
	mode: z.literal("refuse").describe("Refuse requests that bring a key."),
});

const inject = z
	.strictObject({
		mode: z
			.literal("inject")
			.describe("Read and write with keys that the gateway holds."),
		keyFile: oneOrMore(file)
			.optional()
			.describe(
				"File of one key for all objects: 32 bytes, or their hex or base64. Newest first where there are older ones.",
			),
		secrets: oneOrMore(secret)
			.optional()
			.describe(
				"Secret of which a key for each object is derived. Newest first where there are older ones.",
			),
		boundBucket: z
			.string()
			.min(1)
			.optional()
			.describe(
				"Bucket name that keys are derived with, where the objects came from another bucket.",
			),
		clientKey: z
			.enum(["strip", "refuse"])
			.default("strip")
			.describe("What becomes of a key that the client brings."),
		onPlaintext: z
			.enum(["refuse", "allow"])
			.default("refuse")
			.describe("What becomes of reads of objects written without the key."),
		plainHttp,
	})
	.refine(
		(value) => (value.keyFile === undefined) !== (value.secrets === undefined),
		{
			message: "give either keyFile or secrets",
		},
	)
	.refine((value) => value.boundBucket === undefined || value.secrets, {
		message: "belongs to secrets: a key file does not depend on the bucket",
		path: ["boundBucket"],
	});

export const options = z.discriminatedUnion("mode", [strip, refuse, inject]);

export type InjectOptions = z.output<typeof inject>;
export type PlainHttp = z.output<typeof plainHttp>;
