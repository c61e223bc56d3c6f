/** An object as the store has it now: every further question is about this very version of it. */
import {
	DecryptionError,
	discard,
	type HeaderMap,
	type Next,
	type Operation,
	readAll,
	type S3Request,
	type S3Response,
	SealgateError,
	withoutHeaders,
} from "../../src/index.ts";
import { partCount } from "./etags.ts";
import type { StoredObject } from "./part-table.ts";
import { readOf } from "./wanted.ts";

/**
 * @param headers of an answer about the object
 * @param size of its ciphertext in bytes
 */
export function storedObject(
	request: S3Request,
	next: Next,
	headers: HeaderMap,
	size: number,
): StoredObject {
	const count = partCount(headers.get("etag") ?? "");
	const companions = companionsOf(request.headers);
	const ask = (operation: Operation, range?: string) =>
		next(
			pinned(
				{ operation, headers: companions, body: undefined },
				headers,
				range,
			),
		);
	const named = (name: "GetObject" | "HeadObject") =>
		readOf(request.operation, name, headers.get("x-amz-version-id"));
	return {
		size,
		count,
		async partSize(part) {
			const operation = named("HeadObject");
			const query = [...operation.query, ["partNumber", String(part)] as const];
			const seen = await ask({ ...operation, query });
			if (seen.status >= 300) throw changed(request);
			const told = seen.headers.get("x-amz-mp-parts-count");
			if (seen.status !== 206 || told === undefined) return undefined;
			if (told !== String(count)) {
				throw new DecryptionError(
					"answer-malformed",
					`the store counts ${told} parts where the ETag says ${count}`,
				);
			}
			return Number(seen.headers.get("content-length"));
		},
		async fetch(start, end) {
			const seen = await ask(named("GetObject"), `bytes=${start}-${end - 1}`);
			if (seen.status >= 300 || seen.body === undefined) {
				release(seen);
				throw changed(request);
			}
			const wanted = `bytes ${start}-${end - 1}/${size}`;
			const given = seen.headers.get("content-range");
			const wrong = (what: string) => {
				const detail = `the store answered ${what} where ${wanted} was due`;
				return new DecryptionError("answer-malformed", detail);
			};
			if (seen.status !== 206 || given !== wanted) {
				release(seen);
				throw wrong(`${seen.status} with ${given}`);
			}
			return readAll(seen.body, end - start, () => wrong("more bytes"));
		},
	};
}

/** What every request about an object has to say again: who pays, whose bucket it is, the key that the store holds it under. */
const companion =
	/^x-amz-(request-payer|expected-bucket-owner|server-side-encryption-customer-.*)$/;

export function companionsOf(headers: HeaderMap): HeaderMap {
	return withoutHeaders(headers, (name) => !companion.test(name));
}

/** The request about the version that `headers` told of, and about no other. */
export function pinned(
	request: S3Request,
	headers: HeaderMap,
	range: string | undefined,
): S3Request {
	const etag = headers.get("etag");
	const own = new Map(request.headers);
	if (etag !== undefined) own.set("if-match", etag);
	if (range !== undefined) own.set("range", range);
	return { ...request, headers: own };
}

/** Gives back a connection whose answer nobody wants. */
export function release({ body }: S3Response): void {
	discard(body, "another request answers it");
}

export function changed({ operation }: S3Request): SealgateError {
	return new SealgateError(
		"upstream-unreachable",
		`${operation.bucket}/${operation.key} changed while it was read. Try again.`,
	);
}
