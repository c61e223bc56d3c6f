/** Signs a request in its query, for somebody who has no keys. */
import { createHmac } from "node:crypto";
import type { Query } from "../s3/operation.ts";
import { canonicalQuery, canonicalRequest, stringToSign } from "./canonical.ts";
import { amzDate, scopeText } from "./scope.ts";
import type { Credentials } from "./sign.ts";
import { signingKey } from "./signing-key.ts";

/**
 * @param request `headers` are signed and must be sent with the request; `host` is among them
 * @param options `expires` in seconds, 1 to 604800
 * @returns the whole query, without the question mark
 */
export function presign(
	request: {
		readonly method: string;
		readonly path: string;
		readonly query: Query;
		readonly headers: ReadonlyMap<string, string>;
	},
	options: {
		readonly credentials: Credentials;
		readonly region: string;
		readonly now: Date;
		readonly expires: number;
	},
): string {
	const date = amzDate(options.now);
	const scope = {
		date: date.slice(0, 8),
		region: options.region,
		service: "s3",
	};
	const signedHeaders = [...request.headers.keys()].sort();
	const query: [string, string][] = [
		...request.query.map(([name, value]): [string, string] => [name, value]),
		["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
		[
			"X-Amz-Credential",
			`${options.credentials.accessKeyId}/${scopeText(scope)}`,
		],
		["X-Amz-Date", date],
		["X-Amz-Expires", String(options.expires)],
		["X-Amz-SignedHeaders", signedHeaders.join(";")],
	];
	if (options.credentials.sessionToken !== undefined) {
		query.push(["X-Amz-Security-Token", options.credentials.sessionToken]);
	}
	const encoded = canonicalQuery(query);
	const text = stringToSign(
		date,
		scope,
		canonicalRequest({
			method: request.method,
			canonicalPath: request.path,
			canonicalQuery: encoded,
			headers: request.headers,
			signedHeaders,
			payloadHash: "UNSIGNED-PAYLOAD",
		}),
	);
	const key = signingKey(options.credentials.secretAccessKey, scope);
	return `${encoded}&X-Amz-Signature=${createHmac("sha256", key).update(text).digest("hex")}`;
}
