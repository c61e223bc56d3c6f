/** The key that a client brings: known in every spelling that a store may read, judged as S3 judges it, taken away. */
import {
	type Exchange,
	operationRow,
	readCustomerKey,
	refuseBothEncryptions,
	type S3Request,
	SealgateError,
	withoutHeaders,
} from "../../src/index.ts";
import { refusal } from "../judging.ts";
import type { PlainHttp } from "./options.ts";

/**
 * Whatever of the encryption family does not ask the store for encryption of its own. The key of a copy source is not
 * of it: the route of the source has judged that. Names of metadata are the client's.
 */
const ownKey =
	/^x-(?!amz-meta-)(?!amz-copy-source-)(?!amz-server-side-encryption(?!-customer)).*encryption/;

/** Ceph reads an underscore as a dash. */
function isOwnKey(name: string): boolean {
	return ownKey.test(name.replaceAll("_", "-"));
}

function ownKeyHeader({ headers }: S3Request): string | undefined {
	return [...headers.keys()].find(isOwnKey);
}

export function withoutOwnKey(request: S3Request): S3Request {
	const headers = withoutHeaders(request.headers, isOwnKey);
	return { ...request, headers };
}

/** @throws SealgateError `policy-refused` where the request brings a key, or a remnant of one */
export function refuseOwnKey(request: S3Request): void {
	const own = ownKeyHeader(request);
	if (own === undefined) return;
	throw refusal(
		`the owner of this data decides the key; the request brings one of its own (${own}). Send it without.`,
	);
}

/**
 * What S3 would refuse is refused as S3 refuses it, though the key goes no further: who is sloppy with keys is told.
 * @throws SealgateError `request-invalid`, `argument-invalid`, `encryption-algorithm-invalid`
 */
export function judgeOwnKey(
	request: S3Request,
	exchange: Exchange,
	plainHttp: PlainHttp,
): void {
	if (ownKeyHeader(request) === undefined) return;
	if (!isSafe(exchange, plainHttp)) {
		throw new SealgateError(
			"request-invalid",
			"Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.",
		);
	}
	if (!operationRow(request.operation.name).acceptsSseC) return;
	readCustomerKey(request.headers, "object")?.key.fill(0);
	refuseBothEncryptions(request.headers);
}

/** Without TLS a key is seen by everything between the client and us: on one machine that is the machine. */
function isSafe({ received }: Exchange, plainHttp: PlainHttp): boolean {
	if (received.secure) return true;
	if (plainHttp === "refuse") return false;
	return /^(::ffff:)?127\.|^::1$|^$/.test(received.remoteAddress);
}
