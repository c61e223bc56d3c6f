/** Proves the signature of a request's head. */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import { isSecretHeader } from "../s3/secret-headers.ts";
import type { Authentication, SignedHead } from "./authentication.ts";
import {
	canonicalQuery,
	canonicalRequest,
	encodePath,
	stringToSign,
} from "./canonical.ts";
import { parseAmzDate } from "./scope.ts";
import { signingKey } from "./signing-key.ts";

export interface VerifyOptions {
	/** One or, while one replaces another, several: each is tried, and which one fitted shows in no timing. */
	readonly secretAccessKeys: readonly string[];
	/** The region that clients must sign for; undefined: any. */
	readonly region: string | undefined;
	readonly now: Date;
}

/** Milliseconds by which a client's clock may differ, both ways. */
const mostSkew = 15 * 60 * 1_000;

/** @throws SealgateError for a signature that is wrong, too old, too early, or leaves out what must be signed */
export function verifySignature(
	head: SignedHead,
	authentication: Authentication,
	options: VerifyOptions,
): { signingKey: KeyObject } {
	checkRegion(authentication, options.region);
	checkTime(authentication, options.now);
	checkSignedHeaders(head, authentication);
	// Clients differ in what they escape: S3 signs the path encoded anew, some sign the path just as they send it.
	const encoded = encodePath(decodeURIComponent(head.path));
	const paths = encoded === head.path ? [encoded] : [encoded, head.path];
	const texts = paths.map((path) => textFor(head, authentication, path));
	const given = Buffer.from(authentication.signature);
	let proven: KeyObject | undefined;
	for (const secretAccessKey of options.secretAccessKeys) {
		const key = signingKey(secretAccessKey, authentication.scope);
		for (const text of texts) {
			const expected = Buffer.from(hmac(key, text));
			const fits =
				expected.length === given.length && timingSafeEqual(expected, given);
			if (fits) proven = key;
		}
	}
	if (proven === undefined) throw mismatch(head, authentication, encoded);
	return { signingKey: proven };
}

function hmac(key: KeyObject, text: string): string {
	return createHmac("sha256", key).update(text).digest("hex");
}

function canonicalFor(
	head: SignedHead,
	authentication: Authentication,
	path: string,
): string {
	return canonicalRequest({
		method: head.method,
		canonicalPath: path,
		canonicalQuery: canonicalQuery(head.query),
		headers: head.headers,
		signedHeaders: authentication.signedHeaders,
		payloadHash: authentication.payload,
	});
}

function textFor(
	head: SignedHead,
	authentication: Authentication,
	path: string,
): string {
	return stringToSign(
		authentication.amzDate,
		authentication.scope,
		canonicalFor(head, authentication, path),
	);
}

function checkRegion(
	authentication: Authentication,
	region: string | undefined,
): void {
	const given = authentication.scope.region;
	if (region === undefined || given === region) return;
	const query = authentication.kind === "query";
	throw new SealgateError(
		query ? "authorization-query-malformed" : "authorization-malformed",
		query
			? `Error parsing the X-Amz-Credential parameter; the region '${given}' is wrong; expecting '${region}'`
			: `The authorization header is malformed; the region '${given}' is wrong; expecting '${region}'`,
		{ fields: { Region: region } },
	);
}

function checkTime(authentication: Authentication, now: Date): void {
	const time = parseAmzDate(authentication.amzDate);
	if (
		time === undefined ||
		!authentication.amzDate.startsWith(authentication.scope.date)
	) {
		throw new SealgateError(
			authentication.kind === "query"
				? "authorization-query-malformed"
				: "authorization-malformed",
			"Invalid credential date. This date is not the same as X-Amz-Date.",
		);
	}
	const age = now.getTime() - time.getTime();
	if (authentication.expires === undefined) {
		if (Math.abs(age) <= mostSkew) return;
		throw new SealgateError(
			"clock-skewed",
			"The difference between the request time and the current time is too large.",
			{
				fields: {
					RequestTime: authentication.amzDate,
					ServerTime: seconds(now),
					MaxAllowedSkewMilliseconds: String(mostSkew),
				},
			},
		);
	}
	if (age < -mostSkew) {
		throw new SealgateError("access-denied", "Request is not valid yet");
	}
	const until = time.getTime() + authentication.expires * 1_000;
	if (now.getTime() > until) {
		throw new SealgateError("access-denied", "Request has expired", {
			fields: {
				"X-Amz-Expires": String(authentication.expires),
				Expires: seconds(new Date(until)),
				ServerTime: seconds(now),
			},
		});
	}
}

function seconds(date: Date): string {
	return `${date.toISOString().slice(0, 19)}Z`;
}

/** `host` and everything of Amazon's own must be signed, or it could be changed on the way. */
function checkSignedHeaders(
	head: SignedHead,
	authentication: Authentication,
): void {
	const signed = new Set(authentication.signedHeaders);
	const unsigned = [...head.headers.keys()].filter(
		(name) =>
			!signed.has(name) &&
			(name === "host" ||
				(name.startsWith("x-amz-") &&
					// A presigned request says in the query, or not at all, how its body is signed.
					!(
						authentication.kind === "query" && name === "x-amz-content-sha256"
					))),
	);
	if (unsigned.length === 0) return;
	throw new SealgateError(
		"access-denied",
		"There were headers present in the request which were not signed",
		{ fields: { HeadersNotSigned: unsigned.sort().join(", ") } },
	);
}

/** The answer shows what we signed, as S3 does, but for the values that nobody may read in a log. */
function mismatch(
	head: SignedHead,
	authentication: Authentication,
	path: string,
): SealgateError {
	const shown: SignedHead = {
		...head,
		headers: new Map(
			[...head.headers].map(([name, value]) => [
				name,
				isSecretHeader(name) ? "[redacted]" : value,
			]),
		),
		query: head.query.map(([name, value]) => [
			name,
			isSecretHeader(name.toLowerCase()) ? "[redacted]" : value,
		]),
	};
	const canonical = canonicalFor(shown, authentication, path);
	const text = textFor(head, authentication, path);
	return new SealgateError(
		"signature-mismatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		{
			fields: {
				AWSAccessKeyId: authentication.accessKeyId,
				StringToSign: text,
				SignatureProvided: authentication.signature,
				StringToSignBytes: bytes(text),
				CanonicalRequest: canonical,
				CanonicalRequestBytes: bytes(canonical),
			},
		},
	);
}

function bytes(text: string): string {
	return [...Buffer.from(text, "latin1")]
		.map((byte) => byte.toString(16).padStart(2, "0"))
		.join(" ");
}
