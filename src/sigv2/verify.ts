/**
 * Proves a signature of version 2: HMAC-SHA1 under the secret itself. It covers neither host nor body, and of the
 * query only some parameters, so it is verified only where the configuration asks for it.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import type { Operation } from "../s3/operation.ts";
import { operationRow } from "../s3/operations.ts";
import type { SignedHead } from "../sigv4/authentication.ts";
import { parseAmzDate } from "../sigv4/scope.ts";
import type { SigV2Authentication } from "./authentication.ts";
import { signsParameter, stringToSign } from "./string-to-sign.ts";

export interface SigV2Options {
	/** Each is tried, and which one fitted shows in no timing. */
	readonly secretAccessKeys: readonly string[];
	readonly now: Date;
}

/** Milliseconds by which a client's clock may differ, both ways. */
const mostSkew = 15 * 60 * 1_000;

/** @throws SealgateError for a signature that is wrong or too old, or that does not cover what the request does */
export function verifySigV2(
	head: SignedHead,
	operation: Operation,
	authentication: SigV2Authentication,
	options: SigV2Options,
): void {
	checkCover(operation);
	if (authentication.expires === undefined) checkDate(head, options.now);
	else checkExpires(authentication.expires, options.now);
	// botocore signs a bucket with a slash behind it, and sends it without.
	const bare = operation.key === undefined && !head.path.endsWith("/");
	const texts = [head.path, ...(bare ? [`${head.path}/`] : [])].map((path) =>
		stringToSign(head, operation, authentication.expires, path),
	);
	const given = Buffer.from(authentication.signature);
	let proven = false;
	for (const secretAccessKey of options.secretAccessKeys) {
		for (const text of texts) {
			const hmac = createHmac("sha1", secretAccessKey).update(text, "latin1");
			const expected = Buffer.from(hmac.digest("base64"));
			const fits =
				expected.length === given.length && timingSafeEqual(expected, given);
			proven = fits || proven;
		}
	}
	if (!proven) throw mismatch(texts[0] as string, authentication);
}

/** A parameter that makes the operation what it is, and could be added by anybody who sees the request. */
function checkCover({ name }: Operation): void {
	const unsigned = operationRow(name)
		.query.map((wanted) => wanted.split("=", 1)[0] as string)
		.find((wanted) => !signsParameter(wanted) && wanted !== "list-type");
	if (unsigned === undefined) return;
	throw new SealgateError(
		"request-invalid",
		`Signature Version 2 does not cover the parameter "${unsigned}" of ${name}. Please use AWS4-HMAC-SHA256.`,
	);
}

function checkDate(head: SignedHead, now: Date): void {
	const text = head.headers.get("x-amz-date") ?? head.headers.get("date") ?? "";
	const date = parseAmzDate(text) ?? new Date(text);
	if (Number.isNaN(date.getTime())) {
		throw new SealgateError(
			"access-denied",
			"AWS authentication requires a valid Date or x-amz-date header",
		);
	}
	if (Math.abs(now.getTime() - date.getTime()) <= mostSkew) return;
	throw new SealgateError(
		"clock-skewed",
		"The difference between the request time and the current time is too large.",
		{
			fields: {
				RequestTime: text,
				ServerTime: seconds(now),
				MaxAllowedSkewMilliseconds: String(mostSkew),
			},
		},
	);
}

function checkExpires(text: string, now: Date): void {
	if (!/^\d{1,12}$/.test(text)) {
		throw new SealgateError(
			"access-denied",
			"Invalid date (should be seconds since epoch)",
		);
	}
	const until = new Date(Number(text) * 1_000);
	if (now <= until) return;
	throw new SealgateError("access-denied", "Request has expired", {
		fields: { Expires: seconds(until), ServerTime: seconds(now) },
	});
}

function seconds(date: Date): string {
	return `${date.toISOString().slice(0, 19)}Z`;
}

const secretLines =
	/^(x-amz-security-token|x-amz-(?:copy-source-)?server-side-encryption-customer-key):.*$/gm;

/** The answer shows what we signed, as S3 does, but for the values that nobody may read in a log. */
function mismatch(
	text: string,
	authentication: SigV2Authentication,
): SealgateError {
	const shown = text.replace(secretLines, "$1:[redacted]");
	return new SealgateError(
		"signature-mismatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		{
			fields: {
				AWSAccessKeyId: authentication.accessKeyId,
				StringToSign: shown,
				SignatureProvided: authentication.signature,
				StringToSignBytes: Buffer.from(shown, "latin1")
					.toString("hex")
					.replace(/..(?=.)/g, "$& "),
			},
		},
	);
}
