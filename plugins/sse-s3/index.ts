/** Makes the store encrypt with its own keys (SSE-S3), whatever the application asked for. */
import { definePlugin, type S3Request, z } from "../../src/index.ts";
import { createConfirmation } from "../confirm/index.ts";
import { checkConfirming, confirm, onUnconfirmed } from "../confirm/options.ts";
import { algorithmHeader } from "../encryption-headers.ts";
import {
	choiceOf,
	defaultEncryption,
	documentOf,
	type Judges,
	refusal,
	reportEncryption,
} from "../judging.ts";
import {
	type Encryption,
	effectsOf,
	encryptionPolicy,
	mode,
} from "../server-side-encryption.ts";

const algorithms: readonly (string | undefined)[] = [
	"AES256",
	"aws:kms",
	"aws:kms:dsse",
];
const kinds: readonly (string | undefined)[] = ["SSE-S3", "SSE-KMS"];

export const sseS3 = definePlugin({
	name: "sse-s3",
	api: 1,
	effects: ["request-headers"],
	effectsUnder: effectsOf,
	options: z
		.strictObject({ mode, confirm, onUnconfirmed })
		.superRefine(checkConfirming),
	setup: (configured, host) =>
		encryptionPolicy({
			mode: configured.mode,
			wanted: () => ({ [algorithmHeader]: "AES256" }),
			judges: judgesOf(configured.mode),
			confirmation: createConfirmation(configured, host),
		}),
});

/** A key of the key service is no looser for a bucket; an object keeps exactly what its write had to have. */
function judgesOf(mode: Encryption["mode"]): Judges {
	const allow = (allowed: boolean, request: S3Request): void => {
		if (allowed) return;
		const { name, bucket } = request.operation;
		throw refusal(
			`${name} would loosen the encryption of bucket ${bucket}; its owner requires AES256 or a key of the key service.`,
		);
	};
	return {
		// To delete the default restores AES256, so nobody judges that.
		PutBucketEncryption: (request) =>
			allow(algorithms.includes(defaultEncryption(request).algorithm), request),
		PutBucketInventoryConfiguration: (request) =>
			allow(kinds.includes(reportEncryption(request).kind), request),
		UpdateObjectEncryption(request) {
			if (mode === "add") return;
			if (choiceOf(documentOf(request))?.name === "SSE-S3") return;
			throw refusal(
				"UpdateObjectEncryption would take the object from the encryption AES256, which its owner requires.",
			);
		},
	};
}
