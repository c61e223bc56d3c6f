/** What sets the encryption of objects other than by writing them may name the required encryption, and nothing weaker. */
import { children, type S3Request } from "../../src/index.ts";
import {
	choiceOf,
	defaultEncryption,
	documentOf,
	type Judges,
	onlyChild,
	refusal,
	reportEncryption,
} from "../judging.ts";
import type { Encryption } from "../server-side-encryption.ts";

/** The options that count here. */
interface Required {
	readonly mode: Encryption["mode"];
	readonly keyId?: string | undefined;
	readonly context?: Readonly<Record<string, string>> | undefined;
	readonly dsse: boolean;
}

export function judgesOf({ mode, keyId, context, dsse }: Required): Judges {
	const required = `${dsse ? "aws:kms:dsse" : "aws:kms"}${keyId === undefined ? "" : ` with key ${keyId}`}`;
	const allow = (allowed: boolean, request: S3Request): void => {
		if (allowed) return;
		const { name, bucket } = request.operation;
		throw refusal(
			`${name} would loosen the encryption of bucket ${bucket}; its owner requires ${required}.`,
		);
	};
	const isRequiredKey = (key: string | undefined): boolean =>
		keyId === undefined || key === keyId;
	return {
		PutBucketEncryption(request) {
			const { algorithm, keyId: key } = defaultEncryption(request);
			const strong =
				algorithm === "aws:kms:dsse" || (algorithm === "aws:kms" && !dsse);
			allow(strong && isRequiredKey(key), request);
		},
		DeleteBucketEncryption: (request) => allow(false, request),
		PutBucketReplication: (request) =>
			allow(replicasHaveKeys(request), request),
		UpdateObjectEncryption(request) {
			if (mode === "add") return;
			const chosen = choiceOf(documentOf(request));
			const key = onlyChild(chosen, "KMSKeyArn")?.text;
			// It has no word for DSSE-KMS, and none for a context.
			const sayable = !dsse && context === undefined;
			const named = chosen?.name === "SSE-KMS" && key !== undefined;
			allow(sayable && named && isRequiredKey(key), request);
		},
		PutBucketInventoryConfiguration(request) {
			const { kind, keyId: key } = reportEncryption(request);
			allow(kind === "SSE-KMS" && !dsse && isRequiredKey(key), request);
		},
	};
}

/** Whether every rule in force encrypts its replicas with a key. Which one is the other region's to know. */
function replicasHaveKeys(request: S3Request): boolean {
	const document = documentOf(request);
	if (document === undefined) return false;
	return children(document, "Rule").every((rule) => {
		if (onlyChild(rule, "Status")?.text === "Disabled") return true;
		const encryption = onlyChild(
			onlyChild(rule, "Destination"),
			"EncryptionConfiguration",
		);
		return Boolean(onlyChild(encryption, "ReplicaKmsKeyID")?.text);
	});
}
