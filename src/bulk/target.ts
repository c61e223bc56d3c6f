/** What a run is about: the keys of one bucket under a prefix, perhaps one share of them. Pure. */
import { createHash } from "node:crypto";

export interface Target {
	readonly bucket: string;
	/** Start of the keys; empty: all. */
	readonly prefix: string;
}

/** Share `index` of `count`, 0 ≤ index < count. */
export interface Shard {
	readonly index: number;
	readonly count: number;
}

/** @returns undefined where it is no `s3://bucket/prefix` */
export function parseTarget(text: string): Target | undefined {
	const [, bucket, prefix = ""] =
		/^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(text) ?? [];
	return bucket === undefined ? undefined : { bucket, prefix };
}

/** `i/n`, i from 0 as JOB_COMPLETION_INDEX of a Kubernetes Indexed Job. @returns undefined where it is none */
export function parseShard(text: string): Shard | undefined {
	const [, index, count] = /^(\d{1,5})\/(\d{1,5})$/.exec(text) ?? [];
	const shard = { index: Number(index), count: Number(count) };
	return shard.index < shard.count ? shard : undefined;
}

/** Every key is in one share, the same in every run. */
export function inShard(key: string, { index, count }: Shard): boolean {
	const hash = createHash("sha256").update(key).digest();
	return hash.readUInt32BE(0) % count === index;
}
