/** Behind `sse-c: inject` clients notice nothing, the store gives nothing without the key, and the printed key opens all. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	CreateBucketCommand,
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { boto3, cli } from "./clients.ts";
import { type RunningGateway, startGateway } from "./gateway.ts";
import { check, cleanEnvironment, report, root } from "./harness.ts";
import { direct, type RunningStore } from "./stores.ts";

const bucket = "keyed";
const secret = "a secret of this run, 32 bytes or more";

export async function customerKeys(store: RunningStore): Promise<void> {
	await direct(store).send(new CreateBucketCommand({ Bucket: bucket }));
	const gateway = await startGateway({
		name: `${store.name}-sse-c`,
		store,
		tls: true,
		policies: `{ sse-c: { mode: inject, secrets: "${secret}" } }`,
	});
	boto3(gateway, bucket, store.lacks);
	await cli(gateway, bucket);
	const client = direct(store);
	const { Contents = [] } = await client.send(
		new ListObjectsV2Command({ Bucket: bucket }),
	);
	const group = `${store.name} sse-c`;
	report(group, Contents.length > 5, `${Contents.length} objects to ask for`);
	for (const { Key = "", Size } of Contents) {
		await check(group, `${Key} is not read without its key`, async () => {
			const asked = new HeadObjectCommand({ Bucket: bucket, Key });
			const status = await client.send(asked).then(
				() => 200,
				(error) => error.$metadata.httpStatusCode,
			);
			return status === 400;
		});
		await check(group, `${Key} opens with the printed key`, async () => {
			const asked = new GetObjectCommand({
				Bucket: bucket,
				Key,
				...printedKey(gateway, Key),
			});
			const { Body } = await client.send(asked);
			return (await Body?.transformToByteArray())?.length === Size;
		});
	}
}

/** What the command prints, as the SDK takes it. */
function printedKey(gateway: RunningGateway, key: string) {
	const printed = execFileSync(
		process.execPath,
		[
			...["src/main.ts", "sse-c", "key", `s3://${bucket}/${key}`],
			...["--config", gateway.config, "--reveal", "--json"],
		],
		{
			cwd: root,
			env: cleanEnvironment({}),
			encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"],
		},
	);
	const { headers } = JSON.parse(printed);
	const name = "x-amz-server-side-encryption-customer-key";
	const bytes = Buffer.from(headers[name], "base64");
	return {
		SSECustomerAlgorithm: "AES256",
		SSECustomerKey: headers[name],
		SSECustomerKeyMD5: createHash("md5").update(bytes).digest("base64"),
	};
}
