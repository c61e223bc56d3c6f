/** What the operations of the store work on. */
import type { BucketEncryption } from "./bucket-encryption.ts";
import { bucketEncryptionOf } from "./bucket-encryption.ts";
import type { Bucket, Buckets } from "./buckets.ts";
import type { Files } from "./files.ts";
import type { KeyService } from "./key-service.ts";
import type { Uploads } from "./uploads.ts";

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

export function defaultEncryption(
	state: StoreState,
	bucket: Bucket,
): BucketEncryption {
	return bucketEncryptionOf(
		bucket.settings.get("BucketEncryption"),
		state.blockCustomerKeys,
	);
}
