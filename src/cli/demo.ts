/** `npm start`: a gateway, and behind it the embedded store with a bucket, and commands to try. */

import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startStore } from "../store/store.ts";
import { packageRoot } from "./package-root.ts";
import { serve } from "./serve.ts";

/**
 * @param directory where the store keeps its files
 * @param port of the gateway, 0 to 65534; the admin port is the next one. 0 takes two free ones
 * @throws Error for another text, and where a port is taken
 */
export async function demo(directory: string, port: string): Promise<void> {
	if (!/^\d{1,5}$/.test(port) || Number(port) > 65_534)
		throw new Error(`--port ${port} is no port: a number from 0 to 65534`);
	const config = join(packageRoot(), "config/demo.yaml");
	mkdirSync(join(directory, "buckets/demo"), { recursive: true });
	// The store's keys live as long as the process: nobody but the gateway can use it.
	const keys = {
		accessKeyId: `DEMO${randomBytes(8).toString("hex").toUpperCase()}`,
		secretAccessKey: randomBytes(32).toString("hex"),
	};
	const store = await startStore({ directory, ...keys });
	const environment = {
		...process.env,
		SEALGATE_DEMO_STORE: store.endpoint,
		SEALGATE_DEMO_KEY: keys.accessKeyId,
		SEALGATE_DEMO_SECRET: keys.secretAccessKey,
		SEALGATE_DEMO_PORT: port,
		SEALGATE_DEMO_ADMIN_PORT: `${port === "0" ? 0 : Number(port) + 1}`,
	};
	try {
		const gateway = await serve(config, environment, () => store.close());
		console.log(tour(gateway.address, gateway.adminAddress as string));
	} catch (error) {
		await store.close();
		if (!/is in use/.test((error as Error).message)) throw error;
		throw new Error(
			`${(error as Error).message}, or choose other ports: npm start -- --port 9010`,
		);
	}
}

function tour(address: string, admin: string): string {
	const curl = `curl --aws-sigv4 aws:amz:us-east-1:s3 --user DEMOACCESSKEY:demo-secret-key -H "x-amz-content-sha256: UNSIGNED-PAYLOAD"`;
	return `
Sealgate is on http://${address}, an embedded store with a bucket "demo" behind it. In another shell:

  echo hello > hello.txt
  ${curl} -T hello.txt http://${address}/demo/hello.txt
  ${curl} http://${address}/demo/hello.txt

The store was told to encrypt, though nobody asked for it: look for x-amz-server-side-encryption.

  ${curl} -I http://${address}/demo/hello.txt

What the owner of the data forbids is refused, with the reason:

  ${curl} -T hello.txt -H "x-amz-acl: public-read" http://${address}/demo/public.txt

What would happen to a request, and the metrics:

  curl "http://${admin}/explain?method=PUT&target=s3://demo/a"
  curl http://${admin}/metrics

With the aws cli:

  export AWS_ACCESS_KEY_ID=DEMOACCESSKEY AWS_SECRET_ACCESS_KEY=demo-secret-key AWS_REGION=us-east-1
  aws --endpoint-url http://${address} s3 cp hello.txt s3://demo/hello-again.txt
  aws --endpoint-url http://${address} s3 ls s3://demo/

Ctrl-C ends it.
`;
}
