/** What the audit log says of one request: who did what to which object, under which policy and key, and how it ended. */
import type { Decision, Exchange, KeyUse } from "../exchange.ts";
import type { Outcome } from "../layers/observe.ts";

/** How a request ended. Fields that are not known are absent. No secret, signature or token is ever in it. */
export interface AuditRecord {
	readonly event: "request.end";
	/** Grows when a field changes its meaning or goes. */
	readonly version: 1;
	/** When the request came, RFC 3339 in UTC. */
	readonly time: string;
	/** As answered in `x-amz-request-id`, unless the store gave one of its own. */
	readonly requestId: string;
	readonly client?: string;
	readonly accessKeyId?: string;
	readonly remoteAddress: string;
	readonly operation?: string;
	readonly method: string;
	readonly bucket?: string;
	readonly key?: string;
	readonly versionId?: string;
	readonly route?: string;
	readonly upstream?: string;
	/** Each once, however many objects of a list it was about. */
	readonly decisions: readonly Decision[];
	/** Absent where no key was used. */
	readonly keyUses?: readonly KeyUse[];
	/** How many of the two lists the record has no room for. */
	readonly leftOut?: number;
	/** What the store's answer claims of the encryption of the object. A claim is no proof. */
	readonly storeEncryption?: {
		readonly algorithm: string;
		readonly keyId?: string;
	};
	/** `refused`: the client may not. `cut`: the answer did not reach its end. */
	readonly outcome: "success" | "refused" | "failure" | "cut";
	readonly status: number;
	/** Our stable code, or the S3 code of the store. */
	readonly error?: string;
	readonly reason?: string;
	readonly bytesIn: number;
	readonly bytesOut: number;
	/** Milliseconds. */
	readonly duration: number;
}

/** A request is about to touch a policy or a key. */
export interface BeginRecord
	extends Pick<
		AuditRecord,
		| "version"
		| "time"
		| "requestId"
		| "client"
		| "accessKeyId"
		| "remoteAddress"
		| "operation"
		| "method"
		| "bucket"
		| "key"
	> {
	readonly event: "request.begin";
}

/** A command, or the gateway of its own accord, changed or used keys outside of any request. */
export interface KeyCommandRecord {
	readonly event: "command";
	readonly version: 1;
	/** When it was asked, RFC 3339 in UTC. */
	readonly time: string;
	/** `keys create`, `keys rotate`, `decrypt` and so on. */
	readonly command: string;
	/** Name of the user of the operating system; `gateway` for what a running gateway does of its own accord. */
	readonly user: string;
	/** Name of the entry of `keys`. */
	readonly keys: string;
	/** The key as it was named: an id or an alias. */
	readonly named?: string;
	/** Ids of the keys that were changed or used; absent where it failed. */
	readonly keyIds?: readonly string[];
	/** The object that was opened. */
	readonly bucket?: string;
	readonly key?: string;
	readonly outcome: "success" | "failure";
	readonly error?: string;
	readonly reason?: string;
}

/** A command printed a customer key. */
export interface CommandRecord {
	readonly event: "command";
	readonly version: 1;
	/** When it was asked, RFC 3339 in UTC. */
	readonly time: string;
	readonly command: "sse-c key";
	/** Name of the user of the operating system. */
	readonly user: string;
	readonly bucket: string;
	readonly key: string;
	readonly route: string;
	readonly upstream: string;
	/** Which of the route's keys, the newest 0. */
	readonly keyIndex: number;
	readonly outcome: "success";
}

/** What a client chose, an object key apart, is kept to this many characters. */
const longest = 1_024;

/** Characters of a list in JSON: a reader takes no line of more than 1 MiB for one. */
const mostOfList = 128 * 1024;

/** The first of them, as many as a record has room for. */
function fitting<Item>(items: readonly Item[]): readonly Item[] {
	let room = mostOfList;
	const most = items.findIndex((item) => {
		room -= JSON.stringify(item).length;
		return room < 0;
	});
	return most < 0 ? items : items.slice(0, most);
}

function distinct<Item>(items: readonly Item[]): Item[] {
	const named = items.map((item) => [JSON.stringify(item), item] as const);
	return [...new Map(named).values()];
}

/** What is known when a request begins. */
export function beginRecord({
	id,
	started,
	received,
	findings,
}: Exchange): BeginRecord {
	return withoutUnknown<BeginRecord>({
		event: "request.begin",
		version: 1,
		time: started.toISOString(),
		requestId: id,
		client: findings.client,
		accessKeyId: findings.accessKeyId?.slice(0, longest),
		remoteAddress: received.remoteAddress,
		operation: findings.operation,
		method: received.method,
		bucket: findings.bucket,
		key: findings.key,
	});
}

/** The record of a request, or undefined where it touched neither a policy nor a key and was not refused. */
export function auditRecord(outcome: Outcome): AuditRecord | undefined {
	const { exchange, status, duration } = outcome;
	const { findings } = exchange;
	const { storeEncryption } = findings;
	const decided = distinct(findings.decisions);
	const decisions = fitting(decided);
	const keyUses = fitting(findings.keyUses);
	const leftOut =
		decided.length +
		findings.keyUses.length -
		decisions.length -
		keyUses.length;
	const result = resultOf(outcome);
	if (
		findings.begun !== true &&
		decisions.length === 0 &&
		storeEncryption === undefined &&
		result !== "refused"
	) {
		return undefined;
	}
	return withoutUnknown<AuditRecord>({
		...beginRecord(exchange),
		event: "request.end",
		versionId: findings.versionId?.slice(0, longest),
		route: findings.route,
		upstream: findings.upstream,
		decisions,
		keyUses: keyUses.length === 0 ? undefined : keyUses,
		leftOut: leftOut === 0 ? undefined : leftOut,
		storeEncryption,
		outcome: result,
		status,
		error: findings.error ?? findings.upstreamError?.slice(0, longest),
		reason: findings.reason?.slice(0, longest),
		bytesIn: findings.bytesIn,
		bytesOut: findings.bytesOut,
		duration,
	});
}

function resultOf({ exchange, status, cut }: Outcome): AuditRecord["outcome"] {
	const { error, upstreamError } = exchange.findings;
	if (cut) return "cut";
	if (status === 401 || status === 403) return "refused";
	// A copy may fail behind a status that has left.
	const failed = (error ?? upstreamError) !== undefined;
	return status >= 400 || failed ? "failure" : "success";
}

type Draft<Type> = {
	readonly [Field in keyof Type]: Type[Field] | undefined;
};

function withoutUnknown<Type>(draft: Draft<Type>): Type {
	const known = Object.entries(draft).filter(
		([, value]) => value !== undefined,
	);
	return Object.fromEntries(known) as Type;
}
