/** Encrypts bodies before they leave, so that the store never sees plaintext: format t1, docs/format.md. */
import { randomBytes } from "node:crypto";
import {
	definePlugin,
	type Exchange,
	formats,
	type Next,
	type OperationName,
	recordHeader,
	type S3Request,
	type S3Response,
	SealgateError,
	withHeaders,
} from "../../src/index.ts";
import { completeUpload } from "./complete.ts";
import { copyObject } from "./copy.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { listedEntry } from "./listing.ts";
import { options } from "./options.ts";
import { ProvenTables } from "./proven-tables.ts";
import { putObject } from "./put-object.ts";
import { getObject, headObject } from "./read.ts";
import type { Envelope } from "./settings.ts";
import { abortUpload, createUpload, listParts, uploadPart } from "./upload.ts";

type Handle = (
	envelope: Envelope,
	request: S3Request,
	next: Next,
	exchange: Exchange,
) => Promise<S3Response>;

/** Nothing in them is of a body, but for the ETags of conditions. */
const pass: Handle = async (_envelope, request, next) => {
	const headers = withStoreConditions(request.headers);
	const response = await next({ ...request, headers });
	return { ...response, headers: withClientEtag(response.headers) };
};

/** What would leave, without a key being used for it. */
const explained = ({ operation, headers, body }: S3Request, next: Next) =>
	next({
		operation,
		headers: marked.includes(operation.name)
			? withHeaders(headers, { [recordHeader]: "(the sealed data key)" })
			: headers,
		body,
	});

const marked: readonly OperationName[] = ["PutObject", "CreateMultipartUpload"];

/** What cannot be right is refused by its name: nothing that is not in this table passes. */
const handlers: Partial<Record<OperationName, Handle>> = {
	PutObject: putObject,
	GetObject: getObject,
	HeadObject: headObject,
	DeleteObject: pass,
	DeleteObjects: pass,
	GetObjectTagging: pass,
	PutObjectTagging: pass,
	DeleteObjectTagging: pass,
	GetObjectAcl: pass,
	PutObjectAcl: pass,
	GetObjectRetention: pass,
	PutObjectRetention: pass,
	GetObjectLegalHold: pass,
	PutObjectLegalHold: pass,
	CopyObject: copyObject,
	CreateMultipartUpload: createUpload,
	UploadPart: uploadPart,
	ListParts: listParts,
	CompleteMultipartUpload: completeUpload,
	AbortMultipartUpload: abortUpload,
	ListMultipartUploads: pass,
	OptionsPreflight: pass,
};

export const envelope = definePlugin({
	name: "envelope",
	api: 1,
	effects: ["request-headers", "response-headers", "body", "length", "listing"],
	options,
	setup(configured, host) {
		const [format] = formats;
		if (format === undefined) throw new Error("no format is known");
		const settings: Envelope = {
			options: configured,
			format,
			keys: host.keys(configured.keys, [configured.keyId]),
			random: randomBytes,
			tables: new ProvenTables(),
		};
		return {
			operations: "all",
			inEveryMode: ["GetObject", "HeadObject"],
			async handle(request, next, exchange) {
				const { name, key } = request.operation;
				const handler =
					handlers[name] ?? (key === undefined ? pass : undefined);
				if (handler === undefined) {
					throw new SealgateError(
						"policy-unsupported",
						`A header or query you provided implies functionality that is not implemented: ${name} cannot be right on encrypted objects.`,
					);
				}
				if (exchange.dryRun) return explained(request, next);
				return handler(settings, request, next, exchange);
			},
			entry: (entry) => listedEntry(entry, format),
		};
	},
});
