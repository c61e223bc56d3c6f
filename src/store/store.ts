/**
 * The embedded store: a small S3 on files, for trying Sealgate out and for tests. Never for production: it has one
 * user, and bodies lie on the disk as they came, whatever encryption it answers. It listens, verifies and reads bodies
 * by the gateway's own modules.
 */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { type Exchange, noFindings, noSpan } from "../exchange.ts";
import { readAll } from "../http/body.ts";
import { createListener, plainListener } from "../http/server.ts";
import { answerErrors, errorAnswer } from "../layers/answer-errors.ts";
import { authenticate } from "../layers/authenticate.ts";
import { formsAsPuts } from "../layers/post-object.ts";
import { recognise } from "../layers/recognise.ts";
import { type Handler, pipeline } from "../pipeline.ts";
import { answerStoreErrors } from "./answer-store-errors.ts";
import { refuseInClear } from "./customer-keys.ts";
import { StoreError } from "./errors.ts";
import type { KmsKey } from "./key-service.ts";
import { served } from "./operations.ts";
import {
	type RecordedRequest,
	Recorder,
	type RecordingOptions,
} from "./recording.ts";
import { serveSetting } from "./settings.ts";
import { openState, type StoreState } from "./state.ts";

export interface StoreOptions {
	/** Where the files go; made where it is not there. */
	readonly directory: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
	/** 0 takes a free one. */
	readonly port?: number;
	/** Bytes of every part of an upload but the last; S3's own rule is 5 MiB. */
	readonly minimumPart?: number;
	/** The keys of the key service. Absent: any key id names one. */
	readonly kmsKeys?: readonly KmsKey[];
	/** PEM; with it the store speaks TLS alone. */
	readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
	/** Takes SSE-C keys over plain HTTP, which S3 refuses. */
	readonly customerKeysInClear?: boolean;
	/** Buckets refuse SSE-C until PutBucketEncryption says otherwise, as on AWS since April 2026. */
	readonly blockCustomerKeys?: boolean;
	/** Keeps the requests that come, for assertions. Absent: none. */
	readonly record?: RecordingOptions;
}

export interface Store {
	readonly endpoint: string;
	/** What was recorded, the oldest first; each request once it is answered. */
	readonly requests: readonly RecordedRequest[];
	/** The next one that is answered, or whose client has gone. Rejects where nothing is recorded. */
	nextRequest(): Promise<RecordedRequest>;
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
	const inside = pipeline(
		[
			answerStoreErrors(),
			authenticate({
				mode: "verify",
				clients: [
					{
						name: "store",
						anonymous: false,
						keys: [
							{
								accessKeyId: options.accessKeyId,
								secretAccessKeys: [options.secretAccessKey],
								sessionToken: undefined,
							},
						],
						limits: {},
					},
				],
				sigv2: "off",
				region: undefined,
				objectBytes: 5 * 1024 ** 3,
				documentBytes,
			}),
			formsAsPuts,
		],
		serveOperation(
			await openState(options),
			options.customerKeysInClear ?? false,
		),
	);
	const recorder = options.record && new Recorder(options.record);
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
		async (arrival) => {
			const { received, signal } = arrival;
			const recording = recorder?.begin();
			const body = recording?.watch(arrival.body) ?? arrival.body;
			const answer = await handle(
				{ ...arrival, body },
				exchangeOf(received, signal),
			);
			recording?.end();
			return answer;
		},
		(error, received) => {
			recorder?.begin().end();
			return errorAnswer(
				error,
				exchangeOf(received, new AbortController().signal),
			);
		},
		{
			...plainListener,
			identity: options.tls && { ...options.tls, clientCa: undefined },
		},
	);
	recorder?.attach(server);
	await new Promise<void>((resolve, reject) => {
		server.once("error", reject);
		server.listen(options.port ?? 0, "127.0.0.1", resolve);
	});
	const { port } = server.address() as AddressInfo;
	return {
		endpoint: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`,
		requests: recorder?.requests ?? [],
		nextRequest: async () => {
			if (recorder === undefined) throw new Error("the store records nothing");
			return recorder.next();
		},
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

function serveOperation(state: StoreState, keysInClear: boolean): Handler {
	return async (request, { received }) => {
		if (!keysInClear && !received.secure) refuseInClear(request.headers);
		const setting = await serveSetting(state, request);
		if (setting !== undefined) return setting;
		const serve = served[request.operation.name];
		if (serve !== undefined) return serve(state, request);
		if (request.body !== undefined && request.body.content === undefined) {
			await readAll(request.body, 0, () => new StoreError("NotImplemented"));
		}
		throw new StoreError("NotImplemented", {
			Operation: request.operation.name,
		});
	};
}
