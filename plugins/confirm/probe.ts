/** A small object that is written, looked at and deleted, to see what a store does with what it is asked for. */
import {
	bodyOf,
	type HeaderMap,
	type Operation,
	type S3Response,
	SealgateError,
} from "../../src/index.ts";
import {
	type Asked,
	askedBy,
	compare,
	describeAsked,
	describeClaim,
} from "./claims.ts";
import type { Finding } from "./gate.ts";
import {
	contentOf,
	isPassing,
	refusalOf,
	type Send,
	toDelete,
	toLook,
	toWrite,
	versionOf,
} from "./requests.ts";

export interface Probing {
	readonly bucket: string;
	/** What keys of the route begin with. */
	readonly prefix: string;
	readonly expectKey: readonly string[] | undefined;
	/** The headers that a write of the policy leaves with. */
	wanted(operation: Operation): HeaderMap;
	/** Headers of every request to the bucket. */
	readonly common: HeaderMap;
	readonly send: Send;
}

const content =
	"Written by Sealgate to see whether this store encrypts. It may be deleted.\n";

/**
 * The stored state counts, as a HEAD tells it, and not only what the write was answered.
 * @throws SealgateError where there is no such bucket, or where the store is not well at the moment
 */
export async function probe(probing: Probing): Promise<Finding> {
	const { bucket, prefix, expectKey, common, send } = probing;
	// Nobody else can know the name, so that it can be deleted even where the store names no version.
	const key = `${prefix}.sealgate-probe-${crypto.randomUUID()}`;
	const operation = toWrite(bucket, key);
	const wanted = probing.wanted(operation);
	const headers = new Map([...common, ...wanted]);
	headers.set("content-type", "text/plain");
	const written = await send(operation, headers, bodyOf(content));
	if (written.status >= 300) return refusedProbe(bucket, written);
	const version = versionOf(written);
	let remark: string | undefined;
	let finding: Finding;
	try {
		await contentOf(written);
		const asked = askedBy(wanted, expectKey);
		finding =
			compare(asked, written.headers) === "contradicts"
				? denied(asked, written)
				: judge(asked, await send(toLook(bucket, key, version), common));
	} finally {
		remark = await remove(probing, key, version);
	}
	return finding.outcome === "proven" ? { ...finding, remark } : finding;
}

function judge(asked: Asked, seen: S3Response): Finding {
	if (isPassing(seen)) throw unwell(seen.status);
	if (seen.status !== 200) {
		return {
			outcome: "refused",
			reason: `it answered ${seen.status} to the HEAD of a probe object; the gateway needs s3:GetObject`,
		};
	}
	return compare(asked, seen.headers) === "agrees"
		? { outcome: "proven" }
		: denied(asked, seen);
}

function denied(asked: Asked, { headers }: S3Response): Finding {
	return {
		outcome: "denied",
		reason: `of a probe object it says ${describeClaim(headers)} where ${describeAsked(asked)} was asked for`,
	};
}

async function refusedProbe(
	bucket: string,
	response: S3Response,
): Promise<Finding> {
	const { code, text } = await refusalOf(response);
	if (isPassing(response)) throw unwell(response.status);
	if (code === "NoSuchBucket") {
		throw new SealgateError(
			"bucket-missing",
			"The specified bucket does not exist",
			{ fields: { BucketName: bucket } },
		);
	}
	return {
		outcome: "refused",
		reason: `it refused a probe object (${text}); the gateway needs s3:PutObject for keys that begin with .sealgate-probe- behind the route's prefix, and use of the key`,
	};
}

function unwell(status: number): SealgateError {
	return new SealgateError(
		"upstream-unreachable",
		`The store answered ${status} to a probe of its encryption. Try again.`,
	);
}

/** @returns a sentence where it stays */
async function remove(
	{ bucket, common, send }: Probing,
	key: string,
	version: string | undefined,
): Promise<string | undefined> {
	const stays = (why: string): string =>
		`the probe object ${key} could not be deleted (${why}); the gateway needs s3:DeleteObject${version === undefined ? "" : " and s3:DeleteObjectVersion"}`;
	try {
		const removed = await send(toDelete(bucket, key, version), common);
		if (removed.status >= 300) return stays((await refusalOf(removed)).text);
		await contentOf(removed);
		return undefined;
	} catch (error) {
		return stays((error as Error).message);
	}
}
