/** What a store's answer says of a customer's key: it was the wrong one, it was not wanted, it was used. */
import {
	bodyOf,
	childText,
	customerKeyNames,
	isCustomerKeyHeader,
	type Operation,
	parseXml,
	readAll,
	type S3Response,
	SealgateError,
	withoutHeaders,
} from "../../src/index.ts";

export interface Refusal {
	/** The answer with its body in memory. */
	readonly response: S3Response;
	/** Empty where the answer has no body. */
	readonly code: string;
	readonly message: string;
}

/** Bytes of an error document that are read; a longer one says nothing to us. */
const documentBytes = 64 * 1024;

/** The refusal of a 4xx answer that could be about the key; undefined for every other answer, which is untouched. */
export async function refusalOf(
	response: S3Response,
): Promise<Refusal | undefined> {
	const { status, body } = response;
	if (status !== 400 && status !== 403) return undefined;
	if (body === undefined || body.length === 0)
		return { response, code: "", message: "" };
	const content = await readAll(
		body,
		documentBytes,
		() =>
			new SealgateError("upstream-broken", "The store's error is too long."),
	);
	const kept = { ...response, body: bodyOf(content) };
	try {
		const error = parseXml(content);
		const [code = "", message = ""] = ["Code", "Message"].map((name) =>
			childText(error, name),
		);
		return { response: kept, code, message };
	} catch {
		return { response: kept, code: "", message: "" };
	}
}

/** What a wrong key is answered with: by AWS and MinIO 403, by Ceph and Garage 400, to a HEAD without a word. */
const wrongKeyCodes = new Set([
	"",
	"AccessDenied",
	"InvalidArgument",
	"InvalidRequest",
]);

export function mayBeWrongKey(refusal: Refusal): boolean {
	return wrongKeyCodes.has(refusal.code) && !saysPlaintext(refusal);
}

/** AWS: a key for an object that has none. */
export function saysPlaintext({ message }: Refusal): boolean {
	return /encryption parameters are not applicable/i.test(message);
}

/** Whether the answer claims that a key was used, and none but this one. @param key the three headers */
export function usedKey(
	response: S3Response,
	key: Readonly<Record<string, string>>,
): boolean {
	const [algorithm, , md5] = customerKeyNames("object");
	const named = response.headers.get(md5);
	return (
		response.headers.get(algorithm) === "AES256" &&
		(named === undefined || named === key[md5])
	);
}

/** What the client did not ask for it does not see. */
export function withoutKeyClaims(response: S3Response): S3Response {
	const headers = withoutHeaders(response.headers, isCustomerKeyHeader);
	return { ...response, headers };
}

/** A write that may lie there without the key. */
export function unconfirmed({ name, bucket, key }: Operation): SealgateError {
	return new SealgateError(
		"unconfirmed",
		`Access Denied: the store answered ${name} of ${bucket}/${key} and did not say that it used the key: what it has may lie there unencrypted. The store must know SSE-C.`,
	);
}
