/** What a request says of its own signature, in the Authorization header or in the query. Nothing is proven here. */
import { SealgateError } from "../errors.ts";
import { type Query, queryValue } from "../s3/operation.ts";
import { mechanismOf, unsupported } from "./mechanism.ts";
import { amzDate, type Scope } from "./scope.ts";

/** The head as it came: raw path, all parameters, all headers. */
export interface SignedHead {
	readonly method: string;
	readonly path: string;
	readonly query: Query;
	readonly headers: ReadonlyMap<string, string>;
}

export interface Authentication {
	readonly kind: "header" | "query";
	readonly accessKeyId: string;
	readonly scope: Scope;
	/** Lower case, as listed. */
	readonly signedHeaders: readonly string[];
	readonly signature: string;
	/** YYYYMMDDTHHMMSSZ */
	readonly amzDate: string;
	/** Seconds, in a presigned request only. */
	readonly expires: number | undefined;
	readonly sessionToken: string | undefined;
	/** What `x-amz-content-sha256` says, or UNSIGNED-PAYLOAD. */
	readonly payload: string;
}

const algorithm = "AWS4-HMAC-SHA256";

/**
 * @returns undefined for a request that is not signed at all
 * @throws SealgateError with AWS's own words for what is malformed or not supported
 */
export function parseAuthentication(
	head: SignedHead,
): Authentication | undefined {
	const mechanism = mechanismOf(head);
	if (mechanism === "none") return undefined;
	if (mechanism !== "sigv4") throw unsupported(mechanism);
	const header = head.headers.get("authorization");
	return header === undefined ? fromQuery(head) : fromHeader(head, header);
}

function fromHeader(head: SignedHead, header: string): Authentication {
	const parts = new Map(
		header
			.slice(algorithm.length + 1)
			.split(",")
			.map((part): [string, string] => {
				const equals = part.indexOf("=");
				return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
			}),
	);
	const credential = parts.get("Credential");
	const signedHeaders = parts.get("SignedHeaders");
	const signature = parts.get("Signature");
	if (!credential || !signedHeaders || !signature) {
		throw malformedHeader(
			"The authorization header is malformed; the Credential, SignedHeaders and Signature are required.",
		);
	}
	const payload = head.headers.get("x-amz-content-sha256");
	if (payload === undefined) {
		throw new SealgateError(
			"request-invalid",
			"Missing required header for this request: x-amz-content-sha256",
		);
	}
	return {
		kind: "header",
		...parseCredential(credential, "header"),
		signedHeaders: signedHeaders.toLowerCase().split(";"),
		signature,
		amzDate: headerDate(head.headers),
		expires: undefined,
		sessionToken: head.headers.get("x-amz-security-token"),
		payload,
	};
}

function headerDate(headers: ReadonlyMap<string, string>): string {
	const date = headers.get("x-amz-date") ?? headers.get("date") ?? "";
	if (/^\d{8}T\d{6}Z$/.test(date)) return date;
	const parsed = new Date(date);
	if (!Number.isNaN(parsed.getTime())) return amzDate(parsed);
	throw new SealgateError(
		"access-denied",
		"AWS authentication requires a valid Date or x-amz-date header",
	);
}

function fromQuery(head: SignedHead): Authentication {
	const value = (name: string): string => {
		const found = queryValue(head.query, name);
		if (found !== undefined && found !== "") return found;
		throw malformedQuery(
			"Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
		);
	};
	if (value("X-Amz-Algorithm") !== algorithm) {
		throw malformedQuery(
			'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"; this gateway knows the first',
		);
	}
	const date = value("X-Amz-Date");
	if (!/^\d{8}T\d{6}Z$/.test(date)) {
		throw malformedQuery(
			"X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
		);
	}
	return {
		kind: "query",
		...parseCredential(value("X-Amz-Credential"), "query"),
		signedHeaders: value("X-Amz-SignedHeaders").toLowerCase().split(";"),
		signature: value("X-Amz-Signature"),
		amzDate: date,
		expires: parseExpires(value("X-Amz-Expires")),
		sessionToken: queryValue(head.query, "X-Amz-Security-Token"),
		payload:
			queryValue(head.query, "X-Amz-Content-Sha256") ??
			head.headers.get("x-amz-content-sha256") ??
			"UNSIGNED-PAYLOAD",
	};
}

/** Seconds, 1 to 604,800. */
function parseExpires(text: string): number {
	if (!/^-?\d+$/.test(text)) {
		throw malformedQuery("X-Amz-Expires should be a number");
	}
	const seconds = Number(text);
	if (seconds < 1) throw malformedQuery("X-Amz-Expires must be non-negative");
	if (seconds > 604_800) {
		throw malformedQuery(
			"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
		);
	}
	return seconds;
}

/** The access key may hold slashes; the four last parts are the scope. */
function parseCredential(
	credential: string,
	kind: "header" | "query",
): { accessKeyId: string; scope: Scope } {
	const parts = credential.split("/");
	const [date = "", region = "", service = "", terminal] = parts.slice(-4);
	const accessKeyId = parts.slice(0, -4).join("/");
	const wrong =
		accessKeyId === "" || !/^\d{8}$/.test(date)
			? 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
			: service !== "s3"
				? `incorrect service "${service}". This endpoint belongs to "s3".`
				: terminal !== "aws4_request"
					? `incorrect terminal "${terminal}". This endpoint uses "aws4_request".`
					: undefined;
	if (wrong === undefined)
		return { accessKeyId, scope: { date, region, service } };
	throw kind === "header"
		? malformedHeader(`The authorization header is malformed; ${wrong}`)
		: malformedQuery(`Error parsing the X-Amz-Credential parameter; ${wrong}`);
}

function malformedHeader(message: string): SealgateError {
	return new SealgateError("authorization-malformed", message);
}

function malformedQuery(message: string): SealgateError {
	return new SealgateError("authorization-query-malformed", message);
}
