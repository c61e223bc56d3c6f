/**
 * The signature of a POST form: over its policy, as that was sent.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";
import { parseAmzDate, type Scope } from "./scope.ts";
import { signingKey } from "./signing-key.ts";

/** What a form says of its signature. Nothing is proven here. */
export interface PostAuthentication {
	readonly accessKeyId: string;
	readonly scope: Scope;
	readonly signature: string;
	/** Base64, as sent: this text is what was signed. */
	readonly policy: string;
	readonly sessionToken: string | undefined;
}

type Fields = ReadonlyMap<string, string>;

/** In the order in which S3 misses them. */
const needed = [
	"X-Amz-Algorithm",
	"X-Amz-Credential",
	"X-Amz-Signature",
	"X-Amz-Date",
] as const;

/**
 * @param fields by lower-case name
 * @returns undefined for a form that is not signed at all
 * @throws SealgateError with AWS's own words for what is missing, malformed or not supported
 */
export function parsePostAuthentication(
	fields: Fields,
): PostAuthentication | undefined {
	if (!needed.some((name) => fields.has(name.toLowerCase()))) {
		const legacy = fields.has("awsaccesskeyid") || fields.has("signature");
		if (!legacy) return undefined;
		throw new SealgateError(
			"request-invalid",
			"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256. With boto3 set signature_version='s3v4'.",
		);
	}
	for (const name of needed) required(fields, name);
	const policy = required(fields, "policy");
	const algorithm = required(fields, "X-Amz-Algorithm");
	if (algorithm !== "AWS4-HMAC-SHA256") {
		throw wrong(
			"X-Amz-Algorithm",
			algorithm,
			"X-Amz-Algorithm only supports AWS4-HMAC-SHA256 here",
		);
	}
	const date = required(fields, "X-Amz-Date");
	const credential = required(fields, "X-Amz-Credential");
	const { accessKeyId, scope } = parseCredential(credential);
	if (parseAmzDate(date) === undefined) {
		throw wrong(
			"X-Amz-Date",
			date,
			"X-Amz-Date must be formated via ISO8601 Long format",
		);
	}
	if (!date.startsWith(scope.date)) {
		throw wrong(
			"X-Amz-Credential",
			credential,
			"Invalid credential date. This date is not the same as X-Amz-Date.",
		);
	}
	return {
		accessKeyId,
		scope,
		policy,
		signature: required(fields, "X-Amz-Signature"),
		sessionToken: fields.get("x-amz-security-token"),
	};
}

/** The value of a field. @throws SealgateError `argument-invalid` where it is missing or empty */
export function required(fields: Fields, name: string): string {
	const value = fields.get(name.toLowerCase());
	if (value !== undefined && value !== "") return value;
	throw new SealgateError(
		"argument-invalid",
		`Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
		{ fields: { ArgumentName: name, ArgumentValue: "" } },
	);
}

function wrong(
	name: string,
	value: string,
	message: string,
	more: Readonly<Record<string, string>> = {},
): SealgateError {
	return new SealgateError("argument-invalid", message, {
		fields: { ArgumentName: name, ArgumentValue: value, ...more },
	});
}

/** The access key may hold slashes; the four last parts are the scope. */
function parseCredential(credential: string): {
	accessKeyId: string;
	scope: Scope;
} {
	const parts = credential.split("/");
	const [date = "", region = "", service = "", terminal = ""] = parts.slice(-4);
	const accessKeyId = parts.slice(0, -4).join("/");
	const why =
		parts.length < 5
			? 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
			: accessKeyId === ""
				? "a non-empty Access Key (AKID) must be provided in the credential."
				: !/^\d{8}$/.test(date)
					? `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`
					: service !== "s3"
						? `incorrect service "${service}". This endpoint belongs to "s3".`
						: terminal !== "aws4_request"
							? `incorrect terminal "${terminal}". This endpoint uses "aws4_request".`
							: undefined;
	if (why === undefined)
		return { accessKeyId, scope: { date, region, service } };
	throw wrong("X-Amz-Credential", credential, why);
}

/**
 * @param options `region` that clients must sign for; undefined: any
 * @throws SealgateError `argument-invalid` for another region, `signature-mismatch`
 */
export function verifyPostSignature(
	authentication: PostAuthentication,
	options: {
		/** Any of them may have signed. */
		readonly secretAccessKeys: readonly string[];
		readonly region: string | undefined;
	},
): void {
	const { scope, policy, signature, accessKeyId } = authentication;
	if (options.region !== undefined && scope.region !== options.region) {
		throw wrong(
			"X-Amz-Credential",
			`${accessKeyId}/${scope.date}/${scope.region}/${scope.service}/aws4_request`,
			`the region '${scope.region}' is wrong; expecting '${options.region}'`,
			{ Region: options.region },
		);
	}
	const given = Buffer.from(signature);
	// Each is tried: the time taken does not say which one fitted.
	const matches = options.secretAccessKeys.map((secret) => {
		const key = signingKey(secret, scope);
		const text = createHmac("sha256", key).update(policy).digest("hex");
		const expected = Buffer.from(text);
		return expected.length === given.length && timingSafeEqual(expected, given);
	});
	if (!matches.includes(true)) throw mismatch(authentication);
}

/** The answer shows what was signed, as S3 does, but for a policy that holds a token or a customer's key. */
function mismatch(authentication: PostAuthentication): SealgateError {
	const { accessKeyId, policy, signature } = authentication;
	const plain = Buffer.from(policy, "base64").toString("latin1");
	const shown = /security-token|customer-key/i.test(plain)
		? "[redacted]"
		: policy;
	return new SealgateError(
		"signature-mismatch",
		"The request signature we calculated does not match the signature you provided. Check your key and signing method.",
		{
			fields: {
				AWSAccessKeyId: accessKeyId,
				StringToSign: shown,
				SignatureProvided: signature,
				StringToSignBytes: [...Buffer.from(shown)]
					.map((byte) => byte.toString(16).padStart(2, "0"))
					.join(" "),
			},
		},
	);
}
