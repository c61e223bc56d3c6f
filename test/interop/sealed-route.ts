/** An envelope route whose keys any provider holds: the AWS SDK through the gateway, and the records at the store. */
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { appKeys, startGateway } from "./gateway.ts";
import { objects, records } from "./kms-envelope.ts";
import { direct, type RunningStore } from "./stores.ts";

export async function sealedRoute(route: {
	readonly store: RunningStore;
	readonly group: string;
	readonly bucket: string;
	/** The one entry of `keys`, named `main`. */
	readonly keys: string;
	/** As the route names the key, and as its records do. */
	readonly keyId: string;
	readonly recorded: string;
	/** Of the gateway's process. */
	readonly environment?: Readonly<Record<string, string>>;
}): Promise<void> {
	const { store, group, bucket, keys, keyId, recorded } = route;
	const { environment = {} } = route;
	const policies = `{ envelope: { keys: main, keyId: "${keyId}" } }`;
	const gateway = await startGateway({
		...{ name: bucket, store, policies, keys, environment },
	});
	const client = new S3Client({
		endpoint: gateway.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials: appKeys,
	});
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	await objects(group, client, bucket);
	await records(group, direct(store), bucket, recorded);
}
