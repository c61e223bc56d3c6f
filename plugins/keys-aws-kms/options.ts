/** The options of `provider: aws-kms`. */
import { z } from "../../src/index.ts";

const secret = z.string().min(1).meta({ secret: true });

function isSafe(endpoint: string): boolean {
	if (!endpoint.startsWith("http:") || !URL.canParse(endpoint)) return true;
	const { hostname } = new URL(endpoint);
	return /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(hostname);
}

export const options = z.strictObject({
	region: z
		.string()
		.regex(/^[a-z]{2}(-[a-z]+)+-\d+$/, "a region, such as eu-central-1")
		.optional()
		.describe("Absent: what AWS_REGION or the profile says."),
	endpoint: z
		.string()
		.regex(
			/^https?:\/\/[^/?#@\s]+$/,
			"http://host[:port] or https://host[:port], and nothing behind it",
		)
		.refine(
			isSafe,
			"http:// is for a loopback address alone: keys would cross the network in the clear",
		)
		.optional()
		.describe(
			"Absent: AWS KMS of the region. A VPC endpoint, or a KMS of one's own.",
		),
	credentials: z
		.union([
			z.literal("default"),
			z.strictObject({
				accessKeyId: z.string().min(1),
				secretAccessKey: secret,
				sessionToken: secret.optional(),
			}),
		])
		.default("default")
		.describe("default: the AWS credential chain; or a key pair."),
});

export type Options = z.output<typeof options>;
