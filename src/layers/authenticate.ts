/** Decides who asks, and makes the body prove itself before its end is passed on. */
import { SealgateError } from "../errors.ts";
import type { Client, ClientLimits, Exchange } from "../exchange.ts";
import { withoutHeaders } from "../http/headers.ts";
import type { Layer, S3Request } from "../pipeline.ts";
import { parseTarget } from "../s3/address.ts";
import { hoistedHeaders } from "../s3/classify.ts";
import {
	type Authentication,
	parseAuthentication,
	type SignedHead,
} from "../sigv4/authentication.ts";
import type { ChunkSeed } from "../sigv4/chunk-signature.ts";
import {
	type PostAuthentication,
	verifyPostSignature,
} from "../sigv4/post-signature.ts";
import { verifySignature } from "../sigv4/verify.ts";
import { checkClientLimits } from "./client-limits.ts";
import { withHoisted } from "./hoisted-headers.ts";
import { postObject } from "./post-object.ts";
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
	const forms = postObject({
		...options,
		verify: options.mode === "verify",
		identify: (authentication) =>
			identifyForm(options, byAccessKey, authentication),
	});
	const others = authenticateHead(options, byAccessKey);
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
	byAccessKey: ReadonlyMap<string, KnownClient>,
): Layer {
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
	const client = findClient(byAccessKey, authentication);
	const { signingKey } = verifySignature(head, authentication, {
		secretAccessKey: client.secretAccessKey,
		region: options.region,
		now: exchange.started,
	});
	return {
		client: clientOf(client),
		seed: {
			signingKey,
			amzDate: authentication.amzDate,
			scope: authentication.scope,
			signature: authentication.signature,
		},
	};
}

/** A form proves itself by its policy, and has no chunks. */
function identifyForm(
	options: AuthenticationOptions,
	byAccessKey: ReadonlyMap<string, KnownClient>,
	authentication: PostAuthentication | undefined,
): Client {
	if (options.mode === "trust") return trusted;
	if (authentication === undefined) {
		throw new SealgateError("access-denied", "Access Denied");
	}
	const client = findClient(byAccessKey, authentication);
	verifyPostSignature(authentication, {
		secretAccessKeys: [client.secretAccessKey],
		region: options.region,
	});
	return clientOf(client);
}

function clientOf({ name, accessKeyId, limits }: KnownClient): Client {
	return { name, accessKeyId, limits };
}

type Claimed = Pick<Authentication, "accessKeyId" | "sessionToken">;

function findClient(
	byAccessKey: ReadonlyMap<string, KnownClient>,
	claimed: Claimed,
): KnownClient {
	const client = byAccessKey.get(claimed.accessKeyId);
	if (client === undefined) throw unknownKey(claimed);
	if (claimed.sessionToken === undefined) return client;
	throw new SealgateError(
		"token-invalid",
		"The provided token is malformed or otherwise invalid. This gateway knows its clients by configured keys, without session tokens.",
	);
}

function unknownKey(authentication: Claimed): SealgateError {
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
