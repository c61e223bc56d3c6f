/** `provider: aws-kms`: keys that AWS KMS holds. */
import { defineKeyProvider } from "../../src/index.ts";
import { openClient } from "./client.ts";
import { options } from "./options.ts";
import { AwsKmsProvider } from "./provider.ts";

export const keysAwsKms = defineKeyProvider({
	name: "aws-kms",
	api: 1,
	options,
	open: async (options, { name }) =>
		new AwsKmsProvider(await openClient(options, name)),
});
