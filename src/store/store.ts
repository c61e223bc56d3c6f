/**
 * The embedded store: a small S3 on files, for trying Sealgate out and for tests. Never for production: it has one
 * user, no versions, and bodies lie on the disk as they came. It listens, verifies and reads bodies by the gateway's
 * own modules.
 */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type Exchange, noFindings, noSpan } from "../exchange.ts";
import { bodyOf, readAll } from "../http/body.ts";
import { createListener } from "../http/server.ts";
import { answerErrors, errorAnswer } from "../layers/answer-errors.ts";
import { authenticate } from "../layers/authenticate.ts";
import { recognise } from "../layers/recognise.ts";
import {
	type Handler,
	type Layer,
	pipeline,
	type S3Response,
} from "../pipeline.ts";
import { errorDocument } from "../s3/error-document.ts";
import { child, children, childText, element, parseXml } from "../s3/xml.ts";
import { StoreError } from "./errors.ts";
import { Files } from "./files.ts";
import { listAllBuckets, listObjects } from "./listings.ts";
import { Uploads } from "./multipart.ts";
import {
	bucketOf,
	checkWriteConditions,
	copyObject,
	document,
	empty,
	getObject,
	namespace,
	putObject,
} from "./objects.ts";
import { serveSetting } from "./settings.ts";
import { deleteTags, getTags, putTags } from "./tagging.ts";

export interface StoreOptions {
	/** Where the files go; made where it is not there. */
	readonly directory: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** 0 takes a free one. */
	readonly port?: number;
	/** Bytes of every part of an upload but the last; S3's own rule is 5 MiB. */
	readonly minimumPart?: number;
}

export interface Store {
	readonly endpoint: string;
	close(): Promise<void>;
}

const limits = {
	headerBytes: 64 * 1024,
	headerCount: 200,
	targetBytes: 16 * 1024,
	headerTime: 10_000,
	keepAlive: 60_000,
	connections: 1_024,
	minimumBodyRate: 1,
	bodyGrace: 60_000,
};
const documentBytes = 4 * 1024 * 1024;

export async function startStore(options: StoreOptions): Promise<Store> {
	const files = new Files(options.directory);
	await files.open();
	const inside = pipeline(
		[
			answerStoreErrors(),
			authenticate({
				mode: "verify",
				clients: [
					{
						name: "store",
						accessKeyId: options.accessKeyId,
						secretAccessKey: options.secretAccessKey,
						limits: {},
					},
				],
				region: undefined,
				objectBytes: 5 * 1024 ** 3,
				documentBytes,
			}),
		],
		serveOperation(
			files,
			new Uploads(files, options.minimumPart ?? 5 * 1024 * 1024),
		),
	);
	const handle = pipeline([answerErrors()], recognise(inside));
	const exchangeOf = (
		received: Exchange["received"],
		signal: AbortSignal,
	): Exchange => ({
		id: randomBytes(8).toString("hex").toUpperCase(),
		started: new Date(),
		signal,
		received,
		findings: noFindings(),
		span: noSpan,
		client: undefined,
		route: undefined,
		dryRun: false,
	});
	const server = createListener(
		limits,
		(arrival) => handle(arrival, exchangeOf(arrival.received, arrival.signal)),
		(error, received) =>
			errorAnswer(error, exchangeOf(received, new AbortController().signal)),
	);
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(options.port ?? 0, "127.0.0.1", resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		endpoint: `http://127.0.0.1:${port}`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

function answerStoreErrors(): Layer {
	return (next) => async (request, exchange) => {
		try {
			return await next(request, exchange);
		} catch (error) {
			if (!(error instanceof StoreError)) throw error;
			const { code, message, fields, status } = error;
			const text = errorDocument({
				code,
				message,
				fields,
				resource: exchange.received.target.split("?", 1)[0] ?? "/",
				requestId: exchange.id,
			});
			const body =
				request.operation.method === "HEAD" ? undefined : bodyOf(text);
			return {
				status,
				headers: new Map([["content-type", "application/xml"]]),
				body,
			};
		}
	};
}

function serveOperation(files: Files, uploads: Uploads): Handler {
	return async (request): Promise<S3Response> => {
		const { name, bucket = "", key = "" } = request.operation;
		const setting = await serveSetting(files, request);
		if (setting !== undefined) return setting;
		switch (name) {
			case "GetBucketVersioning":
				bucketOf(files, bucket);
				return document(200, element("VersioningConfiguration", "", namespace));
			case "ListBuckets":
				return listAllBuckets(files);
			case "CreateBucket":
				if (files.buckets.has(bucket))
					throw new StoreError("BucketAlreadyOwnedByYou", {
						BucketName: bucket,
					});
				await files.createBucket(bucket);
				return empty(200, { location: `/${bucket}` });
			case "DeleteBucket":
				if (bucketOf(files, bucket).size > 0)
					throw new StoreError("BucketNotEmpty", { BucketName: bucket });
				await files.removeBucket(bucket);
				return empty(204);
			case "HeadBucket":
				bucketOf(files, bucket);
				return empty(200, { "x-amz-bucket-region": "us-east-1" });
			case "GetBucketLocation":
				bucketOf(files, bucket);
				return document(200, element("LocationConstraint", "", namespace));
			case "ListObjects":
			case "ListObjectsV2":
				return listObjects(files, request);
			case "PutObject":
				return putObject(files, request);
			case "GetObject":
			case "HeadObject":
				return getObject(files, request);
			case "CopyObject":
				return copyObject(files, request);
			case "DeleteObject":
				checkWriteConditions(request.headers, bucketOf(files, bucket).get(key));
				await files.remove(bucket, key);
				return empty(204);
			case "GetObjectTagging":
				return getTags(files, request);
			case "PutObjectTagging":
				return putTags(files, request);
			case "DeleteObjectTagging":
				return deleteTags(files, request);
			case "DeleteObjects":
				return deleteObjects(
					files,
					bucket,
					request.body?.content ?? Buffer.alloc(0),
				);
			case "CreateMultipartUpload":
				return uploads.create(request);
			case "UploadPart":
				return uploads.put(request);
			case "UploadPartCopy":
				return uploads.copy(request);
			case "CompleteMultipartUpload":
				return uploads.complete(request);
			case "AbortMultipartUpload":
				return uploads.abort(request);
			case "ListParts":
				return uploads.list(request);
			default:
				if (request.body !== undefined && request.body.content === undefined) {
					await readAll(
						request.body,
						0,
						() => new StoreError("NotImplemented"),
					);
				}
				throw new StoreError("NotImplemented", { Operation: name });
		}
	};
}

async function deleteObjects(
	files: Files,
	bucket: string,
	body: Buffer,
): Promise<S3Response> {
	bucketOf(files, bucket);
	const ask = parseXml(body);
	const keys = children(ask, "Object").map(
		(object) => childText(object, "Key") ?? "",
	);
	for (const key of keys) await files.remove(bucket, key);
	const quiet = child(ask, "Quiet")?.text === "true";
	const deleted = quiet
		? []
		: keys.map((key) => element("Deleted", [element("Key", key)]));
	return document(200, element("DeleteResult", deleted, namespace));
}
