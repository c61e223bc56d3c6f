/**
 * A POST form becomes the PutObject that it stands for: proven by its policy, with its fields as headers and its file
 * as the body. What comes back is told as the form wants it told. Only the operation's name stays that of a form, for
 * `choose` to judge.
 */
import { SealgateError } from "../errors.ts";
import type { Client, Exchange } from "../exchange.ts";
import { bodyOf, readAll } from "../http/body.ts";
import { type Form, readForm } from "../http/form-body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Layer, S3Request, S3Response } from "../pipeline.ts";
import { checkKeyLength, parseTarget } from "../s3/address.ts";
import { boundaryOf } from "../s3/form-part.ts";
import type { Operation } from "../s3/operation.ts";
import { answerOf, fieldsOf, headersOf } from "../s3/post-form.ts";
import { encodePath, encodeQueryValue } from "../sigv4/canonical.ts";
import { parsePostPolicy } from "../sigv4/post-policy.ts";
import { checkPostPolicy } from "../sigv4/post-policy-check.ts";
import {
	type PostAuthentication,
	parsePostAuthentication,
	required,
} from "../sigv4/post-signature.ts";
import { checkClientLimits } from "./client-limits.ts";
import { proveBody } from "./prove-body.ts";
import { refuseForeignOrders } from "./ways-past.ts";

export interface PostObjectOptions {
	/**
	 * Who sent the form. Undefined: it is not signed.
	 * @throws SealgateError where nobody known did
	 */
	identify(authentication: PostAuthentication | undefined): Client;
	/** Whether signatures are looked at. Where they are not, a policy still binds its form. */
	readonly verify: boolean;
	/** Refuses what needs MD5. */
	readonly fips?: boolean | undefined;
	readonly objectBytes: number;
	readonly documentBytes: number;
}

type Fields = ReadonlyMap<string, string>;

export function postObject(options: PostObjectOptions): Layer {
	return (next) => async (request, exchange) => {
		if (options.verify) refuseOtherSignatures(request, exchange);
		const form = await receive(request);
		try {
			const fields = fieldsOf(form.fields, form.filename);
			const client = options.identify(
				options.verify ? parsePostAuthentication(fields) : undefined,
			);
			exchange.findings.client = client.name;
			if (client.accessKeyId !== undefined) {
				exchange.findings.accessKeyId = client.accessKeyId;
			}
			const { bucket = "" } = request.operation;
			const key = required(fields, "key");
			checkKeyLength(key);
			exchange.findings.key = key;
			hold(fields, bucket, form.file.length ?? 0, exchange);
			const operation = { ...request.operation, key, query: [] };
			const headers = kept(request.headers, headersOf(fields));
			refuseForeignOrders(headers);
			checkClientLimits(client.limits, operation, headers);
			const proven = await proveBody(
				{ operation: asPut(operation), headers, body: form.file },
				undefined,
				options,
			);
			const stored = await next(
				{ ...proven, operation },
				{ ...exchange, client },
			);
			return await answer(fields, { bucket, key }, stored, exchange);
		} catch (error) {
			form.stop(error as Error);
			throw error;
		}
	};
}

/** The operation that a form stands for: what its policies judge, and what leaves. */
export function asPut(operation: Operation): Operation {
	return { ...operation, name: "PutObject", method: "PUT" };
}

/** For a store: a form that was accepted is a PutObject. */
export const formsAsPuts: Layer = (next) => (request, exchange) =>
	next(
		request.operation.name === "PostObject"
			? { ...request, operation: asPut(request.operation) }
			: request,
		exchange,
	);

/** A form is signed inside. */
function refuseOtherSignatures(request: S3Request, exchange: Exchange): void {
	const { query } = parseTarget(exchange.received.target);
	const elsewhere =
		request.headers.has("authorization") ||
		query.some(([name]) => /^(x-amz-|awsaccesskeyid$)/i.test(name));
	if (!elsewhere) return;
	throw new SealgateError(
		"argument-invalid",
		"Only one auth mechanism allowed; a POST form carries its signature in its fields",
		{ fields: { ArgumentName: "Authorization" } },
	);
}

/** @throws SealgateError `length-missing`: without the length of the form nobody knows that of the file */
async function receive({ headers, body }: S3Request): Promise<Form> {
	const boundary = boundaryOf(headers.get("content-type"));
	if (body?.length === undefined) {
		throw new SealgateError(
			"length-missing",
			"You must provide the Content-Length HTTP header.",
		);
	}
	return readForm(body, body.length, boundary);
}

/** Holds the form to its policy, where it has one. */
function hold(
	fields: Fields,
	bucket: string,
	length: number,
	exchange: Exchange,
): void {
	const policy = fields.get("policy");
	if (policy === undefined) return;
	checkPostPolicy(parsePostPolicy(policy), {
		fields,
		bucket,
		length,
		now: exchange.started,
	});
}

/** Of the request's own headers only what says who asks, and from which page. */
const ofTheClient = ["user-agent", "origin"];

function kept(own: HeaderMap, headers: HeaderMap): HeaderMap {
	const all = new Map(headers);
	for (const name of ofTheClient) {
		const value = own.get(name);
		if (value !== undefined) all.set(name, value);
	}
	return all;
}

/** Bytes of an answer to a PutObject, which has none. */
const answerBytes = 64 * 1024;

async function answer(
	fields: Fields,
	object: { readonly bucket: string; readonly key: string },
	stored: S3Response,
	exchange: Exchange,
): Promise<S3Response> {
	if (stored.status !== 200) return stored;
	if (stored.body !== undefined) {
		await readAll(
			stored.body,
			answerBytes,
			() =>
				new SealgateError("upstream-broken", "The store answered too much."),
		);
	}
	const { status, location, document } = answerOf(fields, {
		...object,
		etag: stored.headers.get("etag") ?? "",
		location: addressOf(object, exchange),
	});
	const headers = new Map(stored.headers).set("location", location);
	headers.delete("content-length");
	headers.delete("content-type");
	if (document === undefined) return { status, headers, body: undefined };
	headers.set("content-type", "application/xml");
	return { status, headers, body: bodyOf(document) };
}

/** The object as this client reaches it. S3 writes the slashes of its key as `%2F`. */
function addressOf(
	{ bucket, key }: { readonly bucket: string; readonly key: string },
	{ received }: Exchange,
): string {
	const { path } = parseTarget(received.target);
	const base = `${received.secure ? "https" : "http"}://${received.host}`;
	// The bucket stands in the host where it does not stand in the path.
	const place = path === "/" ? base : `${base}/${encodePath(bucket)}`;
	return `${place}/${encodeQueryValue(key)}`;
}
