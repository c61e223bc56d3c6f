/** A store that keeps objects, uploads and versions, and encrypts, or says so, as a test wants it to. */
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import {
	type Answer,
	type RecordedRequest,
	unframed,
} from "../support/store.ts";
import type { Headers } from "./wire.ts";

export type Kind =
	| "put"
	| "copy"
	| "create"
	| "part"
	| "part-copy"
	| "complete"
	| "head"
	| "delete"
	| "abort";

export interface Scripted {
	readonly answer: Answer;
	/** `put /bucket/key`, with the values of a query in brackets, in order. Probe objects are called `probe`. */
	seen(): string[];
	/** What the store makes of what it is asked for: what it stores and says. Changes as the test goes on. */
	encrypts: (asked: Headers) => Headers;
	/** Answers that say nothing of encryption. */
	silent: readonly Kind[];
	/** What its answers name as the version; absent: none. */
	version: string | undefined;
	/** Answers in place of the store where it wants to. */
	instead: (
		kind: Kind,
		request: RecordedRequest,
		response: ServerResponse,
	) => boolean;
}

const sse = "x-amz-server-side-encryption";

/** All that AWS answers of what it was asked for. */
export const asAsked = (asked: Headers): Headers => asked;
/** versitygw and Garage: any header is taken, and nothing comes of it. */
export const ignoring = (): Headers => ({});
/** MinIO: key ids come back as ARNs of a kind. */
export const likeMinio = (asked: Headers): Headers => ({
	[sse]: asked[sse] ?? "",
	[`${sse}-aws-kms-key-id`]: `arn:aws:kms:${asked[`${sse}-aws-kms-key-id`]}`,
});
export const withKey =
	(key: string) =>
	(asked: Headers): Headers => ({
		[sse]: asked[sse] ?? "",
		[`${sse}-aws-kms-key-id`]: key,
	});

function kindOf({ method, target, headers }: RecordedRequest): Kind {
	const copies = headers["x-amz-copy-source"] !== undefined;
	const inUpload = target.includes("uploadId=");
	if (method === "HEAD") return "head";
	if (method === "DELETE") return inUpload ? "abort" : "delete";
	if (method === "POST") return inUpload ? "complete" : "create";
	if (inUpload) return copies ? "part-copy" : "part";
	return copies ? "copy" : "put";
}

const probeName = /\.sealgate-probe-[0-9a-f-]{36}/;

export function scriptedStore(): Scripted {
	const objects = new Map<string, { etag: string; kept: Headers }>();
	const uploads = new Map<string, Headers>();
	const requests: string[] = [];
	const script: Scripted = {
		answer,
		seen: () => requests.splice(0),
		encrypts: asAsked,
		silent: [],
		version: undefined,
		instead: () => false,
	};

	function answer(request: RecordedRequest, response: ServerResponse): void {
		const kind = kindOf(request);
		const [path = "", query = ""] = request.target.split("?");
		const values = [...new URLSearchParams(query).values()].filter(Boolean);
		const told = `${kind} ${path.replace(probeName, "probe")}`;
		requests.push(values.length > 0 ? `${told} [${values}]` : told);
		if (script.instead(kind, request, response)) return;
		const asked = Object.fromEntries(
			Object.entries(request.headers).filter(
				([name]) => name.startsWith(sse) && !name.endsWith("customer-key"),
			),
		) as Headers;
		if (kind === "delete" || kind === "abort") {
			response.writeHead(204).end();
		} else if (kind === "head") {
			const found = objects.get(path);
			if (found === undefined) response.writeHead(404).end();
			else say(kind, found.kept, { etag: found.etag }, "");
		} else if (kind === "create") {
			uploads.set("u", script.encrypts(asked));
			say(kind, uploads.get("u"), {}, "<R><UploadId>u</UploadId></R>");
		} else if (kind === "part" || kind === "part-copy") {
			say(kind, uploads.get("u"), { etag: '"part"' }, "<R/>");
		} else {
			const kept =
				kind === "complete" ? uploads.get("u") : script.encrypts(asked);
			const etag = `"${createHash("md5").update(unframed(request)).digest("hex")}"`;
			objects.set(path, { etag, kept: kept ?? {} });
			const document = `<R><ETag>${etag.replaceAll('"', "&quot;")}</ETag></R>`;
			say(kind, kept, kind === "put" ? { etag } : {}, document);
		}

		function say(
			kind: Kind,
			kept: Headers = {},
			own: Headers,
			document: string,
		): void {
			const { version } = script;
			response.writeHead(200, {
				...own,
				...(script.silent.includes(kind) ? {} : kept),
				...(version === undefined || kind === "create" || kind === "part"
					? {}
					: { "x-amz-version-id": version }),
			});
			response.end(
				kind === "put" || kind === "part" || kind === "head"
					? undefined
					: document,
			);
		}
	}
	return script;
}

/** Answers with an error of S3. */
export function fail(
	response: ServerResponse,
	status: number,
	code: string,
	message = "No.",
): true {
	response.writeHead(status, { "content-type": "application/xml" });
	response.end(
		`<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`,
	);
	return true;
}
