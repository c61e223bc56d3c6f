/** Makes the store encrypt with its own keys (SSE-S3), whatever the application asked for. */
import { definePlugin, z } from "../../src/index.ts";
import {
	algorithmHeader,
	defaultEncryption,
	encryptionPolicy,
	mode,
	refusal,
} from "../server-side-encryption.ts";

const algorithms: readonly (string | undefined)[] = [
	"AES256",
	"aws:kms",
	"aws:kms:dsse",
];

export const sseS3 = definePlugin({
	name: "sse-s3",
	api: 1,
	effects: ["request-headers"],
	options: z.strictObject({ mode }),
	setup: (configured) =>
		encryptionPolicy({
			mode: configured.mode,
			wanted: () => ({ [algorithmHeader]: "AES256" }),
			judges: {
				// A default by the key service is no looser. To delete the default restores AES256, so nobody judges that.
				PutBucketEncryption(request) {
					if (algorithms.includes(defaultEncryption(request).algorithm)) return;
					throw refusal(
						`PutBucketEncryption would loosen the encryption of bucket ${request.operation.bucket}; its owner requires AES256 or a key of the key service.`,
					);
				},
			},
		}),
});
