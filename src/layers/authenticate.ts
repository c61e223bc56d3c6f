/** Decides who asks, and makes the body prove itself before its end is passed on. */
import { SealgateError } from "../errors.ts";
import type { Client, ClientLimits, Exchange } from "../exchange.ts";
import { withoutHeaders } from "../http/headers.ts";
import type { Layer, S3Request } from "../pipeline.ts";
import { parseTarget } from "../s3/address.ts";
import { hoistedHeaders } from "../s3/classify.ts";
import { checkUserMetadata } from "../s3/user-metadata.ts";
import {
	type Authentication,
	parseAuthentication,
	type SignedHead,
} from "../sigv4/authentication.ts";
import type { ChunkSeed } from "../sigv4/chunk-signature.ts";
import { verifySignature } from "../sigv4/verify.ts";
import { checkClientLimits } from "./client-limits.ts";
import { withHoisted } from "./hoisted-headers.ts";
import { proveBody } from "./prove-body.ts";

export interface KnownClient {
	readonly name: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	readonly limits: ClientLimits;
}

export interface AuthenticationOptions {
	/** `verify`: SigV4. `trust`: the listener is loopback or a Unix socket, and whoever reaches it may ask. */
	readonly mode: "verify" | "trust";
	readonly clients: readonly KnownClient[];
	/** The region that clients must sign for. Absent: any. */
	readonly region: string | undefined;
	/** Most bytes of an object in one PUT or part. */
	readonly objectBytes: number;
	/** Most bytes of an XML document in a request. */
	readonly documentBytes: number;
}

const trusted: Client = { name: "trusted", accessKeyId: undefined, limits: {} };
/** A preflight carries no credentials by design; the store decides by its CORS rules. Fetch standard, section 3.2. */
const preflight: Client = {
	name: "preflight",
	accessKeyId: undefined,
	limits: {},
};

export function authenticate(options: AuthenticationOptions): Layer {
	const byAccessKey = new Map(
		options.clients.map((client) => [client.accessKeyId, client]),
	);
	return (next) => async (request, exchange) => {
		const target = parseTarget(exchange.received.target);
		const head = {
			method: exchange.received.method,
			...target,
			headers: request.headers,
		};
		const { client, seed } = identify(
			options,
			byAccessKey,
			request,
			head,
			exchange,
		);
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

function identify(
	options: AuthenticationOptions,
	byAccessKey: ReadonlyMap<string, KnownClient>,
	request: S3Request,
	head: SignedHead,
	exchange: Exchange,
): { client: Client; seed: ChunkSeed | undefined } {
	if (request.operation.name === "OptionsPreflight") {
		return { client: preflight, seed: undefined };
	}
	if (options.mode === "trust") return { client: trusted, seed: undefined };
	const authentication = parseAuthentication(head);
	if (authentication === undefined) {
		throw new SealgateError("access-denied", "Access Denied");
	}
	const client = byAccessKey.get(authentication.accessKeyId);
	if (client === undefined) throw unknownKey(authentication);
	if (authentication.sessionToken !== undefined) {
		throw new SealgateError(
			"token-invalid",
			"The provided token is malformed or otherwise invalid. This gateway knows its clients by configured keys, without session tokens.",
		);
	}
	const { signingKey } = verifySignature(head, authentication, {
		secretAccessKey: client.secretAccessKey,
		region: options.region,
		now: exchange.started,
	});
	return {
		client: {
			name: client.name,
			accessKeyId: client.accessKeyId,
			limits: client.limits,
		},
		seed: {
			signingKey,
			amzDate: authentication.amzDate,
			scope: authentication.scope,
			signature: authentication.signature,
		},
	};
}

function unknownKey(authentication: Authentication): SealgateError {
	const hint =
		authentication.sessionToken === undefined
			? ""
			: " Temporary keys are not known here: configure a key for this client, or use authentication: trust on a loopback listener.";
	return new SealgateError(
		"key-unknown",
		`The AWS Access Key Id you provided does not exist in our records.${hint}`,
		{ fields: { AWSAccessKeyId: authentication.accessKeyId } },
	);
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
function ambiguous(name: string): boolean {
	return name.includes("_") && !name.startsWith("x-amz-meta-");
}

function withoutCredentials(request: S3Request): S3Request {
	const headers = new Map(withoutHeaders(request.headers, ambiguous));
	for (const name of credentialHeaders) headers.delete(name);
	return { ...request, headers };
}
