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

/** @param options with a `directory`: the bucket is there already @param ca PEM of the authority that the client trusts, where the store speaks TLS */
export async function startEmbeddedStore(
	t: { teardown(action: () => Promise<void>): void },
	options: Partial<StoreOptions> = {},
	ca?: Buffer,
): Promise<EmbeddedStore> {
	const { directory = mkdtempSync(join(tmpdir(), "sealgate-store-")) } =
		options;
	const whole = { ...storeKeys, minimumPart: 1, ...options, directory };
	let store = await startStore(whole);
	let s3 = clientOf(store, ca);
	const end = async (): Promise<void> => {
		s3.destroy();
		await store.close();
	};
	t.teardown(async () => {
		await end();
		rmSync(directory, { recursive: true, force: true });
	});
	if (options.directory === undefined) {
		await s3.send(new CreateBucketCommand({ Bucket }));
	}
	return {
		s3,
		directory,
		store,
		async restart() {
			await end();
			store = await startStore(whole);
			s3 = clientOf(store, ca);
			return s3;
		},
	};
}

function clientOf({ endpoint }: Store, ca: Buffer | undefined): S3Client {
	return new S3Client({
		...(ca && { requestHandler: { httpsAgent: { ca } } }),
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials: storeKeys,
		maxAttempts: 1,
	});
}
