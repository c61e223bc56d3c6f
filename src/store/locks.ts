/**
 * Object lock: what keeps a version from being removed.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
 */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request } from "../pipeline.ts";
import { child, childText, parseXml, type XmlElement } from "../s3/xml.ts";
import type { Bucket } from "./bucket.ts";
import { StoreError } from "./errors.ts";
import type { Version } from "./versions.ts";

export interface Retention {
	readonly mode: "GOVERNANCE" | "COMPLIANCE";
	/** ISO 8601 */
	readonly until: string;
}

export interface Lock {
	readonly retention?: Retention;
	readonly hold?: "ON" | "OFF";
}

const prefix = "x-amz-object-lock-";
const day = 24 * 60 * 60 * 1_000;

/** What the headers of a write ask. @throws StoreError where the bucket has no object lock, or for half a retention */
export function lockAsked(bucket: Bucket, headers: HeaderMap): Lock {
	if (![...headers.keys()].some((name) => name.startsWith(prefix))) return {};
	checkLocks(bucket);
	const mode = headers.get(`${prefix}mode`);
	const until = headers.get(`${prefix}retain-until-date`);
	const hold = headers.get(`${prefix}legal-hold`);
	if ((mode === undefined) !== (until === undefined)) {
		throw wrong(
			`${prefix}retain-until-date and ${prefix}mode must both be supplied`,
		);
	}
	return {
		...(mode !== undefined &&
			until !== undefined && { retention: retentionOf(mode, until) }),
		...(hold !== undefined && { hold: holdOf(hold) }),
	};
}

/** @throws StoreError for a locked write whose bytes nothing proves */
export function checkProof({ headers, body }: S3Request): void {
	const locks = [...headers.keys()].some((name) => name.startsWith(prefix));
	if (!locks || headers.has("content-md5") || body?.checksum) return;
	const message =
		"Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters";
	throw new StoreError("InvalidRequest", {}, message);
}

/** The bucket's own retention where a write asked for none. */
export function withDefault(bucket: Bucket, lock: Lock, now: Date): Lock {
	const content = bucket.settings.get("ObjectLock");
	if (lock.retention !== undefined || content === undefined) return lock;
	const rule = child(parseXml(content), "Rule");
	const byDefault = rule && child(rule, "DefaultRetention");
	if (byDefault === undefined) return lock;
	const mode = childText(byDefault, "Mode") as Retention["mode"];
	const days = Number(childText(byDefault, "Days") ?? 0);
	const years = Number(childText(byDefault, "Years") ?? 0);
	const until = new Date(now.getTime() + (days + 365 * years) * day);
	return { ...lock, retention: { mode, until: until.toISOString() } };
}

/** Of the answers to reads. */
export function lockHeaders({ retention, hold }: Lock): Record<string, string> {
	return {
		...(retention && {
			[`${prefix}mode`]: retention.mode,
			[`${prefix}retain-until-date`]: retention.until,
		}),
		...(hold && { [`${prefix}legal-hold`]: hold }),
	};
}

/** @throws StoreError */
export function checkLocks({ settings }: Bucket): void {
	if (settings.has("ObjectLock")) return;
	const message = "Bucket is missing Object Lock Configuration";
	throw new StoreError("InvalidRequest", {}, message);
}

/** @throws StoreError */
export function retentionOf(mode: string, until: string): Retention {
	if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") {
		throw wrong("Unknown wormMode directive.");
	}
	const date = new Date(until);
	if (Number.isNaN(date.getTime())) {
		throw wrong("The retain until date must be provided in ISO 8601 format");
	}
	if (date <= new Date()) {
		throw wrong("The retain until date must be in the future!");
	}
	return { mode, until: date.toISOString() };
}

/** @throws StoreError */
export function holdOf(text: string): "ON" | "OFF" {
	if (text === "ON" || text === "OFF") return text;
	throw wrong("Legal Hold must be either of 'ON' or 'OFF'");
}

/** @throws StoreError where a lock holds the version: COMPLIANCE and a legal hold know no exception */
export function checkRemovable(
	version: Version | undefined,
	bypasses: boolean,
): void {
	if (version === undefined || version.deleted) return;
	const { retention, hold } = version.lock ?? {};
	if (hold === "ON" || (retention && holds(retention, bypasses))) throw held();
}

/** @throws StoreError where another retention would be weaker than the one that holds */
export function checkReplaceable(
	before: Retention | undefined,
	after: Retention | undefined,
	bypasses: boolean,
): void {
	if (before === undefined || !holds(before, bypasses)) return;
	const weaker =
		after === undefined ||
		after.until < before.until ||
		(before.mode === "COMPLIANCE" && after.mode === "GOVERNANCE");
	if (weaker) throw held();
}

/** Whether the client may and wants to pass over GOVERNANCE; the store's one user may. */
export function bypassesGovernance(headers: HeaderMap): boolean {
	return headers.get("x-amz-bypass-governance-retention") === "true";
}

function holds({ mode, until }: Retention, bypasses: boolean): boolean {
	if (until <= new Date().toISOString()) return false;
	return mode === "COMPLIANCE" || !bypasses;
}

function held(): StoreError {
	const message = "Access Denied because object protected by object lock.";
	return new StoreError("AccessDenied", {}, message);
}

function wrong(message: string): StoreError {
	return new StoreError("InvalidArgument", {}, message);
}

/** PutObjectLockConfiguration. @throws StoreError */
export function checkLockConfiguration(
	document: XmlElement,
	{ versioning }: Bucket,
): void {
	if (versioning !== "Enabled") {
		const message =
			"Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
		throw new StoreError("InvalidBucketState", {}, message);
	}
	if (childText(document, "ObjectLockEnabled") !== "Enabled") {
		throw new StoreError("MalformedXML");
	}
	const rule = child(document, "Rule");
	if (rule === undefined) return;
	const byDefault = child(rule, "DefaultRetention");
	const mode = byDefault && childText(byDefault, "Mode");
	const periods = ["Days", "Years"]
		.map((name) => byDefault && childText(byDefault, name))
		.filter((period) => period !== undefined);
	const [period = ""] = periods;
	const valid =
		(mode === "GOVERNANCE" || mode === "COMPLIANCE") &&
		periods.length === 1 &&
		/^[1-9]\d{0,4}$/.test(period);
	if (!valid) throw new StoreError("MalformedXML");
}
