/** Who asks: a client by its signature, the anonymous one, or whoever a trusted listener lets in. */
import { SealgateError } from "../errors.ts";
import type { Client, Exchange } from "../exchange.ts";
import type { S3Request } from "../pipeline.ts";
import type { Operation } from "../s3/operation.ts";
import { parseSigV2 } from "../sigv2/authentication.ts";
import { verifySigV2 } from "../sigv2/verify.ts";
import {
	type Authentication,
	parseAuthentication,
	type SignedHead,
} from "../sigv4/authentication.ts";
import type { ChunkSeed } from "../sigv4/chunk-signature.ts";
import { type Mechanism, mechanismOf } from "../sigv4/mechanism.ts";
import { verifySignature } from "../sigv4/verify.ts";
import { type ClientIndex, checkToken, unknownKey } from "./known-clients.ts";

export interface IdentityOptions {
	/** `verify`: by signature. `trust`: the listener is loopback or a Unix socket, and whoever reaches it may ask. */
	readonly mode: "verify" | "trust";
	/** Whether Signature Version 2 is verified too: never, in presigned URLs, or in headers as well. */
	readonly sigv2: "off" | "presigned" | "on";
	/** The region that clients must sign for. Absent: any. */
	readonly region: string | undefined;
}

export interface Identity {
	readonly client: Client;
	/** Present where chunk signatures can be proven. */
	readonly seed: ChunkSeed | undefined;
}

export const trusted: Client = {
	name: "trusted",
	accessKeyId: undefined,
	limits: {},
};
/** A preflight carries no credentials by design; the store decides by its CORS rules. Fetch standard, section 3.2. */
export const preflight: Client = {
	name: "preflight",
	accessKeyId: undefined,
	limits: {},
};

/** @throws SealgateError where nobody known asks, or the signature does not hold */
export function identify(
	options: IdentityOptions,
	known: ClientIndex,
	request: S3Request,
	head: SignedHead,
	exchange: Exchange,
): Identity {
	if (request.operation.name === "OptionsPreflight") {
		return { client: preflight, seed: undefined };
	}
	if (options.mode === "trust") return { client: trusted, seed: undefined };
	const mechanism = mechanismOf(head);
	if (isServed(options.sigv2, mechanism)) {
		return bySigV2(known, request.operation, head, exchange.started);
	}
	const authentication = parseAuthentication(head);
	if (authentication === undefined) return anonymous(known, head);
	return bySignature(options, known, head, authentication, exchange.started);
}

function bySignature(
	options: IdentityOptions,
	known: ClientIndex,
	head: SignedHead,
	authentication: Authentication,
	now: Date,
): Identity {
	const { accessKeyId, sessionToken } = authentication;
	const found = known.find(accessKeyId);
	if (found === undefined) throw unknownKey(accessKeyId, sessionToken);
	const { signingKey } = verifySignature(head, authentication, {
		secretAccessKeys: found.key.secretAccessKeys,
		region: options.region,
		now,
	});
	checkToken(found.key, sessionToken);
	const { amzDate, scope, signature } = authentication;
	return {
		client: found.client,
		seed: { signingKey, amzDate, scope, signature },
	};
}

function isServed(
	sigv2: IdentityOptions["sigv2"],
	mechanism: Mechanism,
): boolean {
	return mechanism === "sigv2-header"
		? sigv2 === "on"
		: mechanism === "sigv2-query" && sigv2 !== "off";
}

function bySigV2(
	known: ClientIndex,
	operation: Operation,
	head: SignedHead,
	now: Date,
): Identity {
	const authentication = parseSigV2(head);
	const { accessKeyId, sessionToken } = authentication;
	const found = known.find(accessKeyId);
	if (found === undefined) throw unknownKey(accessKeyId, sessionToken);
	refuseSignedChunks(head, "signed with Signature Version 2");
	const { secretAccessKeys } = found.key;
	verifySigV2(head, operation, authentication, { secretAccessKeys, now });
	checkToken(found.key, sessionToken);
	return { client: found.client, seed: undefined };
}

/** @throws SealgateError `access-denied` where no client is declared anonymous */
function anonymous(known: ClientIndex, head: SignedHead): Identity {
	if (known.anonymous === undefined) {
		throw new SealgateError("access-denied", "Access Denied");
	}
	refuseSignedChunks(head, "not signed");
	return { client: known.anonymous, seed: undefined };
}

/** The chain of chunk signatures begins with one of version 4. */
function refuseSignedChunks(head: SignedHead, how: string): void {
	const mode = head.headers.get("x-amz-content-sha256") ?? "";
	if (!mode.startsWith("STREAMING-AWS4-")) return;
	throw new SealgateError(
		"request-invalid",
		`${mode} needs a request that is signed with AWS4-HMAC-SHA256, and this one is ${how}.`,
	);
}
