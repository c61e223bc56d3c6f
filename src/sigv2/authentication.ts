/** What a request says of its own signature of version 2, in the Authorization header or in the query. */
import { SealgateError } from "../errors.ts";
import { queryValue } from "../s3/operation.ts";
import type { SignedHead } from "../sigv4/authentication.ts";

export interface SigV2Authentication {
	readonly accessKeyId: string;
	/** Base64. */
	readonly signature: string;
	/** Seconds since 1970 as text, in a presigned request only. */
	readonly expires: string | undefined;
	readonly sessionToken: string | undefined;
}

const tokenName = "x-amz-security-token";

/**
 * @param head of a request that carries such a signature
 * @throws SealgateError with AWS's own words for what is malformed
 */
export function parseSigV2(head: SignedHead): SigV2Authentication {
	const header = head.headers.get("authorization");
	return header === undefined ? fromQuery(head) : fromHeader(head, header);
}

/** `AWS id:signature`; the id may hold colons, the signature none. */
function fromHeader(head: SignedHead, header: string): SigV2Authentication {
	const match = /^AWS (.+):([A-Za-z0-9+/=]+)$/.exec(header.trim());
	if (match === null) {
		throw new SealgateError(
			"argument-invalid",
			"AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
			{ fields: { ArgumentName: "Authorization" } },
		);
	}
	const [, accessKeyId = "", signature = ""] = match;
	const sessionToken = head.headers.get(tokenName);
	return { accessKeyId, signature, expires: undefined, sessionToken };
}

function fromQuery(head: SignedHead): SigV2Authentication {
	const [accessKeyId, signature, expires] = [
		"AWSAccessKeyId",
		"Signature",
		"Expires",
	].map((name) => queryValue(head.query, name));
	if (!accessKeyId || !signature || !expires) {
		throw new SealgateError(
			"access-denied",
			"Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
		);
	}
	const inQuery = head.query.find(([name]) => name.toLowerCase() === tokenName);
	const sessionToken = inQuery?.[1] ?? head.headers.get(tokenName);
	return { accessKeyId, signature, expires, sessionToken };
}
