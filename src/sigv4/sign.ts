/** Signs what leaves, in the Authorization header. */
import { createHmac } from "node:crypto";
import type { Query } from "../s3/operation.ts";
import { canonicalQuery, canonicalRequest, stringToSign } from "./canonical.ts";
import type { ChunkSeed } from "./chunk-signature.ts";
import { amzDate, type Scope, scopeText } from "./scope.ts";
import { signingKey } from "./signing-key.ts";

export interface Credentials {
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly sessionToken?: string | undefined;
}

export interface SignOptions {
	readonly credentials: Credentials;
	readonly region: string;
	readonly now: Date;
	/** What `x-amz-content-sha256` is to say. */
	readonly payloadHash: string;
}

/** Signed beside `host` and everything of Amazon's own. */
const alsoSigned = new Set(["content-type", "content-md5"]);

/**
 * @param request with `host` among its headers and the path already encoded
 * @returns all headers that must leave, and the seed of a chunk signature chain
 */
export function sign(
	request: {
		readonly method: string;
		readonly path: string;
		readonly query: Query;
		readonly headers: ReadonlyMap<string, string>;
	},
	options: SignOptions,
): { headers: ReadonlyMap<string, string>; seed: ChunkSeed } {
	const { credentials } = options;
	const date = amzDate(options.now);
	const scope: Scope = {
		date: date.slice(0, 8),
		region: options.region,
		service: "s3",
	};
	const headers = new Map(request.headers)
		.set("x-amz-date", date)
		.set("x-amz-content-sha256", options.payloadHash);
	if (credentials.sessionToken !== undefined) {
		headers.set("x-amz-security-token", credentials.sessionToken);
	}
	const signedHeaders = [...headers.keys()]
		.filter(
			(name) =>
				name === "host" || name.startsWith("x-amz-") || alsoSigned.has(name),
		)
		.sort();
	const text = stringToSign(
		date,
		scope,
		canonicalRequest({
			method: request.method,
			canonicalPath: request.path,
			canonicalQuery: canonicalQuery(request.query),
			headers,
			signedHeaders,
			payloadHash: options.payloadHash,
		}),
	);
	const key = signingKey(credentials.secretAccessKey, scope);
	const signature = createHmac("sha256", key).update(text).digest("hex");
	headers.set(
		"authorization",
		`AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`,
	);
	return {
		headers,
		seed: { signingKey: key, amzDate: date, scope, signature },
	};
}
