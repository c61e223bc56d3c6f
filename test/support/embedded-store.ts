/** An embedded store in this process with a bucket, and a client of it. Both end with the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import {
	type Store,
	type StoreOptions,
	startStore,
} from "../../src/store/store.ts";

export const storeKeys = { accessKeyId: "UP", secretAccessKey: "up-secret" };
export const Bucket = "bucket";

export interface EmbeddedStore {
	readonly s3: S3Client;
	readonly directory: string;
	readonly store: Store;
	/** The store ends, and another one begins on the same files. */
	restart(): Promise<S3Client>;
}

export async function startEmbeddedStore(
	t: { teardown(action: () => Promise<void>): void },
	options: Partial<StoreOptions> = {},
): Promise<EmbeddedStore> {
	const directory = mkdtempSync(join(tmpdir(), "sealgate-store-"));
	const whole = { directory, ...storeKeys, minimumPart: 1, ...options };
	let store = await startStore(whole);
	let s3 = clientOf(store);
	const end = async (): Promise<void> => {
		s3.destroy();
		await store.close();
	};
	t.teardown(async () => {
		await end();
		rmSync(directory, { recursive: true });
	});
	await s3.send(new CreateBucketCommand({ Bucket }));
	return {
		s3,
		directory,
		store,
		async restart() {
			await end();
			store = await startStore(whole);
			s3 = clientOf(store);
			return s3;
		},
	};
}

function clientOf({ endpoint }: Store): S3Client {
	return new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: storeKeys,
		maxAttempts: 1,
	});
}
