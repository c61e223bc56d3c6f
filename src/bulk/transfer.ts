/** Reads one object as a client would and writes it in its own place: encrypted where it was not, or the other way round. */
import type { Exchange } from "../exchange.ts";
import { discard } from "../http/body.ts";
import { copyAcross } from "../layers/copy-across.ts";
import { renderCopySource } from "../s3/copy-source.ts";
import { grantHeaders } from "./acl.ts";
import { type Ask, documentOf, headOf, StoreRefusal } from "./ask.ts";
import { attempt } from "./attempt.ts";
import type { Item, Settled } from "./item.ts";
import { type Format, protectionOf } from "./protection.ts";
import { keptHeaders, untouchable } from "./untouched.ts";

/** What S3 takes in one PUT, less what encryption adds. */
const mostBytes = 5 * 1024 ** 3 - 16 * 1024 ** 2;

export interface Transferring {
	readonly bucket: string;
	readonly to: "envelope" | "plaintext";
	/** At the store, past every policy. */
	readonly store: Ask;
	/** Under policies that open what is sealed, and let through what is not. */
	readonly read: Ask;
	/** Under policies that seal, or that do not. */
	readonly write: Ask;
	/** Why objects of a route stay as they are; undefined where nothing speaks against it. */
	refusal(key: string): string | undefined;
	exchange(): Exchange;
	/** Whether the store looks at If-Match. */
	readonly guarded: boolean;
	readonly keepAcl: boolean;
	readonly dryRun: boolean;
	readonly signal: AbortSignal;
}

export function transferObject(
	run: Transferring,
): (item: Item) => Promise<Settled> {
	return async (item) => {
		try {
			return await attempt(() => transfer(run, item), run.signal);
		} catch (error) {
			const reason = (error as Error).message;
			return { group: undefined, trouble: { kind: "failed", reason } };
		}
	};
}

async function transfer(run: Transferring, item: Item): Promise<Settled> {
	const { bucket, store, to, read, write } = run;
	const { status, headers, body } = await store(headOf(bucket, item));
	discard(body);
	if (status === 404) return { group: undefined };
	// S3 answers so where only the customer's key opens the object.
	if (status === 400) return left("not readable without its customer's key");
	if (status !== 200)
		throw new StoreRefusal(status, `HTTP ${status}`, undefined, item.key);
	const { format } = protectionOf(headers);
	if (isDone(format, to)) return { group: { outcome: "already" } };
	const why =
		(format === "unknown" ? "of a format that nobody here reads" : undefined) ??
		run.refusal(item.key) ??
		untouchable(headers, new Date()) ??
		tooLarge(Number(headers.get("content-length")));
	if (why !== undefined) return left(why);
	const outcome = to === "envelope" ? "encrypted" : "decrypted";
	if (run.dryRun) return { group: { outcome: `would be ${outcome}` } };
	const grants = run.keepAcl ? await grantHeaders(store, bucket, item) : [];
	const { key } = item;
	const source = { bucket, key, versionId: undefined };
	const etag = headers.get("etag") ?? "";
	const response = await copyAcross(
		{
			operation: { name: "CopyObject", method: "PUT", bucket, key, query: [] },
			headers: new Map([
				...keptHeaders(headers),
				...grants,
				["x-amz-copy-source", renderCopySource(source)],
				["x-amz-copy-source-if-match", etag],
				...(run.guarded ? [["if-match", etag] as const] : []),
			]),
			body: undefined,
		},
		source,
		run.exchange(),
		read,
		write,
	);
	await documentOf(response, key);
	return { group: { outcome } };
}

function isDone(format: Format, to: Transferring["to"]): boolean {
	if (to === "plaintext") return format === "plaintext";
	return format !== "plaintext" && format !== "unknown";
}

function tooLarge(bytes: number): string | undefined {
	return bytes > mostBytes
		? `of ${bytes} bytes: more than one PUT takes; copy it through the gateway by parts`
		: undefined;
}

function left(reason: string): Settled {
	return { group: { outcome: "left" }, trouble: { kind: "left", reason } };
}
