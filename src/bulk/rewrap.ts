/** Re-seals one object under a key's current version: the store copies the bytes, and no body comes here. */
import type { ObjectRecord } from "../crypto/record.ts";
import { readRecordHeader, recordHeader } from "../crypto/record-header.ts";
import { discard } from "../http/body.ts";
import { renderCopySource } from "../s3/copy-source.ts";
import { grantHeaders } from "./acl.ts";
import { type Ask, documentOf, headOf, StoreRefusal } from "./ask.ts";
import { attempt } from "./attempt.ts";
import type { Item, Settled } from "./item.ts";
import type { Guards } from "./probe.ts";
import { type Protection, protectionOf } from "./protection.ts";
import { keptEncryption, keptHeaders, untouchable } from "./untouched.ts";

/** What a route seals under in this run. */
export interface Sealing {
	readonly keyId: string;
	/** Absent where the key provider does not tell versions: its newest is then whatever it wraps with. */
	readonly version?: number;
	/** Whether a record's key is that one, perhaps under the id of a replica. */
	isKey(keyId: string): boolean;
	/** Whether a record opens under its own bucket's name; absent where nothing is to be bound anew. */
	isBound?(record: ObjectRecord, key: string): Promise<boolean>;
}

export interface Rewrapping {
	readonly bucket: string;
	/** At the store, past every policy. */
	readonly store: Ask;
	/** Under the policies, of which the envelope seals as `sealing` says. */
	readonly gateway: Ask;
	/** The same, where records are bound to their own bucket already and others are not yet. */
	readonly rebound?: Ask | undefined;
	/** Of the route that the key falls on; undefined where it has no envelope. */
	sealing(key: string): Promise<Sealing | undefined>;
	/** Undefined: nothing is guarded. */
	readonly guards: Guards | undefined;
	readonly keepAcl: boolean;
	readonly dryRun: boolean;
	readonly signal: AbortSignal;
}

export function rewrapObject(
	run: Rewrapping,
): (item: Item) => Promise<Settled> {
	return async (item) => {
		try {
			return await attempt(() => rewrap(run, item), run.signal);
		} catch (error) {
			const reason = (error as Error).message;
			return { group: undefined, trouble: { kind: "failed", reason } };
		}
	};
}

async function rewrap(run: Rewrapping, item: Item): Promise<Settled> {
	const { bucket, store, guards } = run;
	const { status, headers, body } = await store(headOf(bucket, item));
	discard(body);
	if (status === 404) return { group: undefined };
	if (status === 400) return left("unknown");
	if (status !== 200)
		throw new StoreRefusal(status, `HTTP ${status}`, undefined, item.key);
	const found = protectionOf(headers);
	if (found.format === "plaintext") return counted("not encrypted");
	if (found.format !== "t1") return left(`of format ${found.format}`);
	const sealing = await run.sealing(item.key);
	if (sealing === undefined) return left("on a route without envelope");
	const record = readRecordHeader(headers.get(recordHeader) ?? "");
	const bound = await sealing.isBound?.(record, item.key);
	if (isCurrent(found, sealing) && bound !== false) return counted("already");
	if (!item.latest)
		return left(
			`an older version under ${found.key} ${found.keyVersion}`.trim(),
		);
	const why = untouchable(headers, new Date());
	if (why !== undefined) return left(why);
	const etag = headers.get("etag") ?? "";
	if (guards && !guards.complete && record.single === undefined)
		return left("of parts, and the store does not guard the end of an upload");
	if (run.dryRun) return counted("would be re-sealed");
	const grants = run.keepAcl ? await grantHeaders(store, bucket, item) : [];
	const { key } = item;
	const gateway = bound ? run.rebound : undefined;
	const response = await (gateway ?? run.gateway)({
		operation: { name: "CopyObject", method: "PUT", bucket, key, query: [] },
		headers: new Map([
			...keptHeaders(headers),
			...keptEncryption(headers),
			...grants,
			[
				"x-amz-copy-source",
				renderCopySource({ bucket, key, versionId: undefined }),
			],
			["x-amz-copy-source-if-match", etag],
			...(guards ? [["if-match", etag] as const] : []),
		]),
		body: undefined,
	});
	await documentOf(response, item.key);
	return counted("re-sealed");
}

function isCurrent(
	{ key, keyVersion }: Protection,
	{ isKey, version }: Sealing,
): boolean {
	return (
		isKey(key) && (version === undefined || keyVersion === String(version))
	);
}

function counted(outcome: string): Settled {
	return { group: { outcome } };
}

function left(reason: string): Settled {
	return { group: { outcome: "left" }, trouble: { kind: "left", reason } };
}
