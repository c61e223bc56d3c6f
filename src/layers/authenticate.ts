/** Decides who asks, and makes the body prove itself before its end is passed on. */
import { withoutHeaders } from "../http/headers.ts";
import type { Layer, S3Request } from "../pipeline.ts";
import { parseTarget } from "../s3/address.ts";
import { hoistedHeaders } from "../s3/classify.ts";
import { checkUserMetadata } from "../s3/user-metadata.ts";
import { checkClientLimits } from "./client-limits.ts";
import { withHoisted } from "./hoisted-headers.ts";
import { type IdentityOptions, identify } from "./identify.ts";
import { identifyForm } from "./identify-form.ts";
import {
	type ClientIndex,
	indexClients,
	type KnownClient,
} from "./known-clients.ts";
import { postObject } from "./post-object.ts";
import { proveBody } from "./prove-body.ts";

export interface AuthenticationOptions extends IdentityOptions {
	readonly clients: readonly KnownClient[];
	/** Refuses what needs MD5. */
	readonly fips?: boolean;
	/** Most bytes of an object in one PUT or part. */
	readonly objectBytes: number;
	/** Most bytes of an XML document in a request. */
	readonly documentBytes: number;
}

export function authenticate(options: AuthenticationOptions): Layer {
	const known = indexClients(options.clients);
	const forms = postObject({
		...options,
		verify: options.mode === "verify",
		identify: (authentication) => identifyForm(options, known, authentication),
	});
	const others = authenticateHead(options, known);
	return (next) => {
		const acceptForm = forms(next);
		const acceptHead = others(next);
		return (request, exchange) =>
			request.operation.name === "PostObject"
				? acceptForm(request, exchange)
				: acceptHead(request, exchange);
	};
}

/** Whoever proves itself in the head of the request. */
function authenticateHead(
	options: AuthenticationOptions,
	known: ClientIndex,
): Layer {
	return (next) => async (request, exchange) => {
		const target = parseTarget(exchange.received.target);
		const head = {
			method: exchange.received.method,
			...target,
			headers: request.headers,
		};
		const { client, seed } = identify(options, known, request, head, exchange);
		exchange.findings.client = client.name;
		if (client.accessKeyId !== undefined) {
			exchange.findings.accessKeyId = client.accessKeyId;
		}
		const headers = withHoisted(
			request.headers,
			hoistedHeaders(target.query).headers,
		);
		checkClientLimits(client.limits, request.operation, headers);
		checkUserMetadata(headers);
		const proven = await proveBody({ ...request, headers }, seed, options);
		return next(withoutCredentials(proven), { ...exchange, client });
	};
}

const credentialHeaders = [
	"authorization",
	"x-amz-date",
	"x-amz-content-sha256",
	"x-amz-security-token",
	"x-amz-s3session-token",
	"expect",
	"connection",
];

/** Ceph and others read `_` as `-`: such a name would be one that nobody judged. Metadata may be named so. */
export function ambiguous(name: string): boolean {
	return name.includes("_") && !name.startsWith("x-amz-meta-");
}

/** What policies see: how a request proved itself is not theirs to know. */
export function withoutCredentials(request: S3Request): S3Request {
	const headers = new Map(withoutHeaders(request.headers, ambiguous));
	for (const name of credentialHeaders) headers.delete(name);
	return { ...request, headers };
}
