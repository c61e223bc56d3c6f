/** What is known about one request beside the request itself. */
import type { Body } from "./http/body.ts";
import type { HeaderMap } from "./http/headers.ts";
import type { S3Request } from "./pipeline.ts";
import { newRequestId } from "./request-id.ts";
import type { Route } from "./routes.ts";

/** The client as authentication found it. */
export interface Client {
	/** Name in the configuration; `trusted` where the listener trusts its callers. */
	readonly name: string;
	readonly accessKeyId: string | undefined;
	readonly limits: ClientLimits;
	/** Asked without a signature: its requests leave without one too. */
	readonly anonymous?: boolean;
}

/** What a client may touch. Absent: everything. */
export interface ClientLimits {
	/** Bucket globs. */
	readonly buckets?: readonly string[] | undefined;
	/** Key prefixes. */
	readonly prefixes?: readonly string[] | undefined;
	/** HTTP methods. */
	readonly verbs?: readonly string[] | undefined;
	/** Names of routes. */
	readonly routes?: readonly string[] | undefined;
}

/** The request's head as it came over the wire. */
export interface Received {
	readonly method: string;
	/** The request target, byte for byte. */
	readonly target: string;
	/** `Host`, as received. */
	readonly host: string;
	readonly remoteAddress: string;
	/** Whether the client speaks TLS to us. */
	readonly secure: boolean;
}

/** What the layers find out on the way, for the log, the metrics and the audit record. One for each request. */
export interface Findings {
	operation?: string;
	bucket?: string;
	key?: string;
	/** Key of the object that a copy or a rename reads. */
	sourceKey?: string;
	client?: string;
	accessKeyId?: string;
	route?: string;
	upstream?: string;
	/** One entry for each policy that did, or in observe mode would have done, something. */
	decisions: Decision[];
	/** Our stable error code. */
	error?: string;
	/** The S3 code of the store's refusal, as the store wrote it. */
	upstreamError?: string;
	/** The reason behind an error, ours or the store's, also where the client gets no body. */
	reason?: string;
	upstreamStatus?: number;
	/** Each wrapping key that was used. */
	readonly keyUses: KeyUse[];
	/** What policies counted beside their decisions. */
	events?: PolicyEvent[];
	/** Each request that was sent to a store. */
	readonly upstreamRequests: UpstreamRequest[];
	/** The version that the request names, or that the store's answer does. */
	versionId?: string;
	/** What the store's answer claims of the encryption of the object. */
	storeEncryption?: { readonly algorithm: string; readonly keyId?: string };
	/** Whether the audit log holds that it began. */
	begun?: boolean;
	bytesIn: number;
	bytesOut: number;
}

export interface KeyUse {
	readonly use: "seal" | "open";
	/** Name of the entry of `keys`. */
	readonly keys: string;
	/** As the key provider names it, never an alias. */
	readonly keyId: string;
	/** Whether the provider was asked for this request, or knows nothing of it. */
	readonly from: "provider" | "cache";
}

export function noFindings(): Findings {
	return {
		decisions: [],
		keyUses: [],
		upstreamRequests: [],
		bytesIn: 0,
		bytesOut: 0,
	};
}

export interface UpstreamRequest {
	readonly upstream: string;
	readonly method: string;
	/** Absent where no answer came. */
	readonly status?: number;
	/** Our stable code, where no answer came. */
	readonly error?: string;
	/** Milliseconds to the head of the answer. */
	readonly duration: number;
}

export interface Decision {
	readonly policy: string;
	readonly route: string;
	readonly mode: "enforce" | "observe";
	/** `changed`: header names say what. `refused`: reason says why. */
	readonly outcome: "unchanged" | "changed" | "refused";
	readonly changes: readonly string[];
	readonly reason?: string;
}

/** Something that a policy counts: the metric `sealgate_policy_events_total`, and in the log's line. */
export interface PolicyEvent {
	readonly policy: string;
	readonly route: string;
	/** Lower-case words with dashes, of a closed set: never what a client or a store wrote. */
	readonly event: string;
}

/** A stretch of time in a trace; every method is harmless where tracing is off. */
export interface Span {
	child(
		name: string,
		attributes?: Readonly<Record<string, string | number>>,
		kind?: "internal" | "client",
	): Span;
	rename(name: string): void;
	set(attributes: Readonly<Record<string, string | number>>): void;
	/** Ends the span, as failed where an error is given. */
	end(error?: unknown): void;
	/** The `traceparent` header that names this span; undefined where tracing is off. */
	readonly traceparent: string | undefined;
}

/** A span that records nothing. */
export const noSpan: Span = {
	child: () => noSpan,
	rename() {},
	set() {},
	end() {},
	traceparent: undefined,
};

/** A request that travels on under the client's own signature: what arrived, and what was judged in its place. */
export interface AsSent {
	/** Every field that arrived, but those that `Connection` names. */
	readonly headers: HeaderMap;
	/** With the client's framing. */
	readonly body: Body | undefined;
	readonly judged: S3Request;
}

/** A value that layers replace as they learn more; only `findings` is shared and written. */
export interface Exchange {
	/** Our request id: 16 upper-case hex digits, answered as `x-amz-request-id` where the store gave none. */
	readonly id: string;
	readonly started: Date;
	/** Aborts when the client has gone or the gateway stops. */
	readonly signal: AbortSignal;
	readonly received: Received;
	readonly findings: Findings;
	readonly span: Span;
	readonly client: Client | undefined;
	readonly route: Route | undefined;
	/** Present where the client's own signature travels on, so that nothing may change. */
	readonly asSent?: AsSent;
	/** Whether this is asked only to know what would happen: `next` then sends nothing and answers 200. */
	readonly dryRun: boolean;
}

/** Counts an event of a policy; nothing where this is only a question. */
export function countEvent(
	exchange: Exchange,
	policy: string,
	event: string,
): void {
	if (exchange.dryRun) return;
	const route = exchange.route?.name ?? "";
	exchange.findings.events ??= [];
	exchange.findings.events.push({ policy, route, event });
}

/** For a request that has just come. */
export function createExchange(
	received: Received,
	signal: AbortSignal,
	span: Span = noSpan,
): Exchange {
	return {
		id: newRequestId(),
		started: new Date(),
		signal,
		received,
		findings: noFindings(),
		span,
		client: undefined,
		route: undefined,
		dryRun: false,
	};
}
