/** The options of `provider: vault`. */
import { z } from "../../src/index.ts";

/** Names in a path, as Vault has them: `GenericNameRegex` of its framework, one or more of them. */
const path = z
	.string()
	.regex(
		/^\w([\w.-]*\w)?(\/\w([\w.-]*\w)?)*$/,
		"names of letters, digits, _, - and ., with a / between two of them",
	);
const secret = z.string().min(1).meta({ secret: true });

function isSafe(address: string): boolean {
	if (!address.startsWith("http:") || !URL.canParse(address)) return true;
	const { hostname } = new URL(address);
	return /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(hostname);
}

export const options = z.strictObject({
	address: z
		.string()
		.regex(
			/^https?:\/\/[^/?#@\s]+$/,
			"http://host[:port] or https://host[:port], and nothing behind it",
		)
		.refine(
			isSafe,
			"http:// is for a loopback address alone: keys would cross the network in the clear",
		)
		.describe("Of Vault or OpenBao: https://host[:port]."),
	mount: path.default("transit").describe("Where the transit engine is."),
	namespace: path.optional().describe("Sent as X-Vault-Namespace."),
	ca: z
		.string()
		.min(1)
		.optional()
		.describe("A file of PEM: who signs the server's certificate."),
	auth: z
		.union([
			z.strictObject({ token: secret }),
			z.strictObject({
				appRole: z.strictObject({
					roleId: z.string().min(1),
					secretId: secret,
					mount: path.default("approle"),
				}),
			}),
			z.strictObject({
				kubernetes: z.strictObject({
					role: z.string().min(1),
					jwtFile: z
						.string()
						.min(1)
						.default("/var/run/secrets/kubernetes.io/serviceaccount/token")
						.describe("Read at each login."),
					mount: path.default("kubernetes"),
				}),
			}),
		])
		.describe("How the gateway logs in."),
});

export type Options = z.output<typeof options>;
