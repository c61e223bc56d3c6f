/** Which kind of signature a request carries, and the words for those that are not verified. */
import { SealgateError } from "../errors.ts";
import { queryValue } from "../s3/operation.ts";
import type { SignedHead } from "./authentication.ts";

export type Mechanism =
	| "none"
	| "sigv4"
	| "sigv4a"
	| "sigv2-header"
	| "sigv2-query"
	| "unknown";

const ecdsa = "AWS4-ECDSA-P256-SHA256";

/** @throws SealgateError `argument-invalid` for a signature in the header and one in the query */
export function mechanismOf(head: SignedHead): Mechanism {
	const header = head.headers.get("authorization");
	const algorithm =
		queryValue(head.query, "X-Amz-Algorithm") ??
		(queryValue(head.query, "X-Amz-Signature") === undefined ? undefined : "");
	const legacy =
		queryValue(head.query, "AWSAccessKeyId") ??
		queryValue(head.query, "Signature");
	const given = [header, algorithm, legacy].filter((one) => one !== undefined);
	if (given.length > 1) {
		throw new SealgateError(
			"argument-invalid",
			"Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
			{ fields: { ArgumentName: "Authorization" } },
		);
	}
	if (legacy !== undefined) return "sigv2-query";
	if (algorithm !== undefined) return algorithm === ecdsa ? "sigv4a" : "sigv4";
	if (header === undefined) return "none";
	const [scheme] = header.split(" ", 1);
	if (scheme === "AWS4-HMAC-SHA256") return "sigv4";
	if (scheme === ecdsa) return "sigv4a";
	return scheme === "AWS" ? "sigv2-header" : "unknown";
}

/** What each kind that is not verified is told, behind AWS's own sentence. */
const advice: Readonly<Partial<Record<Mechanism, string>>> = {
	sigv4a:
		" Signatures for several regions (SigV4A) are not verified here: address the bucket itself, in one region.",
	"sigv2-header":
		" This is Signature Version 2. boto3: Config(signature_version='s3v4'). aws cli: aws configure set default.s3.signature_version s3v4. s3cmd: signature_v2 = False. Or the gateway's configuration says sigv2: on.",
	"sigv2-query":
		" This URL is presigned with Signature Version 2. boto3: Config(signature_version='s3v4'). aws cli: aws configure set default.s3.signature_version s3v4. s3cmd signurl knows no other. Or the gateway's configuration says sigv2: presigned.",
};

export function unsupported(mechanism: Mechanism): SealgateError {
	return new SealgateError(
		"request-invalid",
		`The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.${advice[mechanism] ?? ""}`,
	);
}
