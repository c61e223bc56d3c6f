/** `npm start`: a gateway, and behind it the embedded store with a bucket, and commands to try. */

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { addKey } from "../keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../keys/keyring-file.ts";
import { readKeyFile } from "../keys/unlock-slot.ts";
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
	const keyring = await keyringIn(resolve(directory));
	const store = await startStore({ directory, ...keys });
	const environment = {
		...process.env,
		SEALGATE_DEMO_STORE: store.endpoint,
		SEALGATE_DEMO_KEY: keys.accessKeyId,
		SEALGATE_DEMO_SECRET: keys.secretAccessKey,
		SEALGATE_DEMO_PORT: port,
		SEALGATE_DEMO_ADMIN_PORT: `${port === "0" ? 0 : Number(port) + 1}`,
		SEALGATE_DEMO_KEYRING: keyring.path,
		SEALGATE_DEMO_KEY_FILE: keyring.keyFile,
	};
	try {
		const gateway = await serve(config, environment, () => store.close());
		const { address, adminAddress = "" } = gateway;
		console.log(tour(address, adminAddress, directory));
	} catch (error) {
		await store.close();
		if (!/is in use/.test((error as Error).message)) throw error;
		throw new Error(
			`${(error as Error).message}, or choose other ports: npm start -- --port 9010`,
		);
	}
}

/** Made on the first start. A key file beside its keyring protects nothing: where it matters, they are kept apart. */
async function keyringIn(
	directory: string,
): Promise<{ readonly path: string; readonly keyFile: string }> {
	const path = join(directory, "keyring.json");
	const keyFile = join(directory, "keyring.key");
	if (!existsSync(path)) {
		const text = randomBytes(32).toString("base64");
		if (!existsSync(keyFile))
			writeFileSync(keyFile, `${text}\n`, { mode: 0o600 });
		const secret = { key: readKeyFile(readFileSync(keyFile)) };
		const now = new Date();
		await createKeyring(path, secret, { name: "key-file" }, now);
		await changeKeyring(path, secret, addKey({ alias: "alias/demo" }), now);
	}
	return { path, keyFile };
}

function tour(address: string, admin: string, directory: string): string {
	const curl = `curl --aws-sigv4 aws:amz:us-east-1:s3 --user DEMOACCESSKEY:demo-secret-key -H "x-amz-content-sha256: UNSIGNED-PAYLOAD"`;
	return `
Sealgate is on http://${address}, an embedded store with a bucket "demo" behind it. In another shell:

  echo hello > hello.txt
  ${curl} -T hello.txt http://${address}/demo/hello.txt
  ${curl} http://${address}/demo/hello.txt

The store never saw it: what lies on its disk is ciphertext, and the record of a sealed data key.

  grep -rc hello --include='*.data' ${directory}/buckets/demo
  grep -rh x-amz-meta-sealgate --include='*.json' ${directory}/buckets/demo

A range is decrypted alone, and sizes are those of the plaintext:

  ${curl} -r 0-3 http://${address}/demo/hello.txt
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
