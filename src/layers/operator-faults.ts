/** Answers of a store that only the gateway's operator can act on. To the client they would name the store, or blame it. */
import { SealgateError } from "../errors.ts";
import type { S3Response } from "../pipeline.ts";
import type { OperationName } from "../s3/operations.ts";
import { childText, type XmlElement } from "../s3/xml.ts";

/** The store that answered. */
export interface Answering {
	readonly name: string;
	/** That requests to it are signed for. */
	readonly region: string;
	/** Whether the gateway signed the request with keys of its own. */
	readonly signed: boolean;
	/** Whether the request names a key of the store's key service. */
	readonly namesKey: boolean;
}

/** Codes that speak of the gateway's own signature, keys or clock. */
const ofSignature = new Set([
	"AuthorizationHeaderMalformed",
	"ExpiredToken",
	"InvalidAccessKeyId",
	"InvalidToken",
	"RequestTimeTooSkewed",
	"SignatureDoesNotMatch",
]);

/**
 * @param document the `<Error>` of the answer, where it has one
 * @returns `upstream-misconfigured`, whose message names region and upstream, and whose cause, for the log alone, the
 * store's own words and endpoint; undefined for an answer that is the client's
 */
export function operatorFault(
	{ status, headers }: S3Response,
	operation: OperationName,
	document: XmlElement | undefined,
	store: Answering,
): SealgateError | undefined {
	const field = (name: string) => document && childText(document, name);
	const code = field("Code");
	const region = [headers.get("x-amz-bucket-region"), field("Region")].find(
		(named) => named !== undefined && named !== store.region,
	);
	const cause = new Error(
		[
			`the store answered ${status}`,
			code,
			field("Message"),
			withName("endpoint", field("Endpoint")),
			withName("location", headers.get("location")),
		]
			.filter((part) => part !== undefined)
			.join(", "),
	);
	const fault = (message: string) =>
		new SealgateError("upstream-misconfigured", message, { cause });
	const elsewhere = `region ${region}: the gateway's operator must set region: ${region} for this upstream`;
	if (redirects(status, code) && !passes(headers, operation)) {
		return fault(
			region === undefined
				? `The store behind upstream "${store.name}" sends this request to another endpoint. The gateway does not follow: its operator must set the endpoint that its log names.`
				: `The store behind upstream "${store.name}" keeps this bucket in ${elsewhere}, and an endpoint of that region.`,
		);
	}
	// An answer to HEAD has no document: its header says as much.
	const wrongRegion =
		code === "AuthorizationHeaderMalformed" ||
		(code === undefined && status === 400);
	if (store.signed && wrongRegion && region !== undefined) {
		return fault(
			`The store behind upstream "${store.name}" expects signatures for ${elsewhere}.`,
		);
	}
	// Ceph says InvalidAccessKeyId of a KMS key that it does not know.
	const ofKey = store.namesKey && code === "InvalidAccessKeyId";
	if (store.signed && !ofKey && code !== undefined && ofSignature.has(code)) {
		return fault(
			`The store behind upstream "${store.name}" refused the gateway's own signature (${code}): its operator must check this upstream's credentials and region, and the clock.`,
		);
	}
	return undefined;
}

function redirects(status: number, code: string | undefined): boolean {
	return (
		(status >= 300 && status < 400 && status !== 304) ||
		code === "PermanentRedirect" ||
		code === "TemporaryRedirect" ||
		code === "Redirect"
	);
}

/** Where the owner's own data says where to go: an object of a website. */
function passes(
	headers: S3Response["headers"],
	operation: OperationName,
): boolean {
	const location = headers.get("location");
	return (
		(operation === "GetObject" || operation === "HeadObject") &&
		location !== undefined &&
		location === headers.get("x-amz-website-redirect-location")
	);
}

function withName(name: string, value: string | undefined): string | undefined {
	return value === undefined ? undefined : `${name} ${value}`;
}
