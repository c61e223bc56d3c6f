/** What the operations of the store work on. */

import type { Bucket } from "./bucket.ts";
import type { BucketEncryption } from "./bucket-encryption.ts";
import { bucketEncryptionOf } from "./bucket-encryption.ts";
import { Buckets } from "./buckets.ts";
import { Files } from "./files.ts";
import { KeyService, type KmsKey } from "./key-service.ts";
import { Uploads } from "./uploads.ts";

export interface StoreState {
	readonly files: Files;
	readonly buckets: Buckets;
	readonly uploads: Uploads;
	readonly keys: KeyService;
	/** Whether buckets without a setting refuse customers' keys. */
	readonly blockCustomerKeys: boolean;
	/** Bytes of every part but the last. */
	readonly minimumPart: number;
}

export interface StateOptions {
	readonly directory: string;
	readonly kmsKeys?: readonly KmsKey[];
	readonly blockCustomerKeys?: boolean;
	readonly minimumPart?: number;
}

/** With all that an earlier run left in the directory. */
export async function openState(options: StateOptions): Promise<StoreState> {
	const files = new Files(options.directory);
	await files.open();
	const buckets = new Buckets(files);
	await buckets.open();
	const uploads = new Uploads(files);
	await uploads.open();
	return {
		files,
		buckets,
		uploads,
		keys: new KeyService(options.kmsKeys),
		blockCustomerKeys: options.blockCustomerKeys ?? false,
		minimumPart: options.minimumPart ?? 5 * 1024 * 1024,
	};
}

export function defaultEncryption(
	state: StoreState,
	bucket: Bucket,
): BucketEncryption {
	return bucketEncryptionOf(
		bucket.settings.get("BucketEncryption"),
		state.blockCustomerKeys,
	);
}
