/** Encrypts bodies before they leave, so that the store never sees plaintext: format t1, docs/format.md. */
import { randomBytes } from "node:crypto";
import {
	definePlugin,
	formats,
	type Next,
	type OperationName,
	recordHeader,
	type S3Request,
	withHeaders,
} from "../../src/index.ts";
import { getAttributes } from "./attributes.ts";
import { completeUpload } from "./complete.ts";
import { copyObject } from "./copy.ts";
import { withClientEtag, withStoreConditions } from "./etags.ts";
import { ExactSizes } from "./exact-sizes.ts";
import { getObject } from "./get-object.ts";
import type { Handle, Handlers } from "./handle.ts";
import { headObject } from "./head-object.ts";
import { derivedSize, listedEntry } from "./listing.ts";
import { type Options, options } from "./options.ts";
import { ProvenTables, unprovenBy } from "./proven-tables.ts";
import { putObject } from "./put-object.ts";
import { restoreObject } from "./restore.ts";
import {
	checkFormats,
	refuseParts,
	s3ecHandlers,
	unboundFormats,
} from "./s3ec/handlers.ts";
import { refuseMarks } from "./s3ec/marks.ts";
import { SeenObjects } from "./seen-objects.ts";
import type { Envelope } from "./settings.ts";
import { openTo } from "./unmarked.ts";
import { checkHeaders, unsupported } from "./unsupported.ts";
import { abortUpload, createUpload, listParts, uploadPart } from "./upload.ts";
import { withClientUploadId } from "./upload-refusals.ts";

/** Nothing in them is of a body, but for the ETags of conditions. */
const pass: Handle = async (_envelope, request, next) => {
	const headers = withStoreConditions(request.headers);
	const response = await next({ ...request, headers });
	return { ...response, headers: withClientEtag(response.headers) };
};

/** What would leave, without a key being used for it. */
const explained = (
	{ format }: Options,
	{ operation, headers, body }: S3Request,
	next: Next,
) => {
	const sent = withStoreConditions(headers);
	return next({
		operation,
		headers: marked.includes(operation.name)
			? withHeaders(sent, { [markOf[format]]: "(the sealed data key)" })
			: sent,
		body,
	});
};

const marked: readonly OperationName[] = ["PutObject", "CreateMultipartUpload"];
const markOf: Record<Options["format"], string> = {
	t1: recordHeader,
	"s3ec-v3": "x-amz-meta-x-amz-3",
	"s3ec-v2": "x-amz-meta-x-amz-key-v2",
};

/** What cannot be right is refused by its name: nothing that is not in this table passes. */
const ofT1: Handlers = {
	PutObject: putObject,
	GetObject: getObject,
	HeadObject: headObject,
	DeleteObject: pass,
	DeleteObjects: pass,
	GetObjectAttributes: getAttributes,
	RestoreObject: restoreObject,
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
		checkFormats(configured);
		const handlers: Handlers = { ...ofT1, ...s3ecHandlers(configured) };
		const settings: Envelope = {
			options: configured,
			format,
			keys: host.keys(configured.keys, [
				configured.keyId,
				...(configured.decrypt ?? []),
			]),
			random: randomBytes,
			tables: new ProvenTables(),
			seen: new SeenObjects(),
		};
		const sizes = new ExactSizes();
		return {
			operations: "all",
			// What is encrypted stays readable, and is never copied under a name that it does not open under.
			inEveryMode: [
				"GetObject",
				"HeadObject",
				"GetObjectAttributes",
				"CopyObject",
			],
			async handle(request, next, exchange) {
				const { name, key } = request.operation;
				refuseParts(configured, name);
				const handler =
					handlers[name] ?? (key === undefined ? pass : undefined);
				if (handler === undefined) throw unsupported(name);
				checkHeaders(request.headers);
				refuseMarks(request.headers);
				if (exchange.dryRun) return explained(configured, request, next);
				const asked = withClientUploadId(request, next);
				return handler(settings, request, asked, exchange);
			},
			async entry(entry, operation, _exchange, ask) {
				if (entry.name === "Upload") {
					return configured.listUploads === "raw" ? entry : undefined;
				}
				const derived = derivedSize(entry, format, configured.format);
				const size =
					configured.listSizes === "exact"
						? await sizes.of(entry, operation, ask)
						: undefined;
				return listedEntry(entry, size ?? derived);
			},
			troubles() {
				const told = [openTo, unprovenBy, unboundFormats].map((of) =>
					of(configured),
				);
				return told.filter((sentence) => sentence !== undefined);
			},
		};
	},
});
