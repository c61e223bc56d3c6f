/**
 * The versions of one key, newest first, and what writes and deletes make of them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
 */

import type { StoredChecksum } from "./checksums.ts";
import type { Encryption } from "./encryption.ts";
import type { Grant } from "./grants.ts";
import type { Lock } from "./locks.ts";
import type { Tags } from "./tagging.ts";

/** `off`: never switched on, and answers name no versions. */
export type Versioning = "off" | "Enabled" | "Suspended";

export interface StoredPart {
	readonly size: number;
	/** Base64, of the algorithm of the whole. */
	readonly checksum: string;
}

export interface StoredObject {
	readonly key: string;
	/** 32 hex digits, or `null` for what was written while versioning was not on. */
	readonly versionId: string;
	readonly deleted?: never;
	readonly size: number;
	readonly etag: string;
	/** ISO 8601 */
	readonly modified: string;
	/** Answered on reads: metadata and content type. */
	readonly headers: Readonly<Record<string, string>>;
	readonly encryption: Encryption;
	/** Where it was uploaded in parts. */
	readonly parts?: readonly StoredPart[];
	readonly tags?: Tags;
	readonly grants?: readonly Grant[];
	readonly lock?: Lock;
	readonly checksum?: StoredChecksum;
	/** Name of the file of its bytes. */
	readonly data: string;
}

export interface DeleteMarker {
	readonly key: string;
	readonly versionId: string;
	readonly deleted: true;
	readonly modified: string;
}

export type Version = StoredObject | DeleteMarker;
export type Versions = readonly Version[];

/** What a read without a version id sees; undefined under a delete marker. */
export function currentOf(versions: Versions): StoredObject | undefined {
	const newest = versions[0];
	return newest?.deleted ? undefined : newest;
}

/** The newest first, in the place of the one with its id: there is one null version at most. */
export function withNewest(versions: Versions, newest: Version): Versions {
	return [newest, ...withoutVersion(versions, newest.versionId)];
}

export function withoutVersion(
	versions: Versions,
	versionId: string,
): Versions {
	return versions.filter((version) => version.versionId !== versionId);
}

export function isVersionId(text: string): boolean {
	return text === "null" || /^[0-9a-f]{32}$/.test(text);
}
