/** The shared suite, straight at a store and through an envelope route in front of it, by both SDKs; and readers of what came to lie there. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { addKey } from "../../src/keys/keyring-changes.ts";
import { changeKeyring, createKeyring } from "../../src/keys/keyring-file.ts";
import { openKeyringProvider } from "../../src/keys/keyring-provider.ts";
import type { Answer, Side } from "../envelope/shared/answers.ts";
import { compare } from "../envelope/shared/compare.ts";
import { askEverything } from "../envelope/shared/suite.ts";
import { certificates } from "./certificates.ts";
import { appKeys, type RunningGateway, startGateway } from "./gateway.ts";
import {
	check,
	cleanEnvironment,
	folder,
	installed,
	report,
	root,
} from "./harness.ts";
import { readBack } from "./sealed-reader.ts";
import { type RunningStore, storeKeys } from "./stores.ts";

const passphrase = "a passphrase of this run only";
const keyring = join(folder, "keyring.json");

type Keys = typeof appKeys | typeof storeKeys;

/** What a gateway's options say of its envelope policy and of the keyring that `makeKeyring` made. */
export const envelope = {
	policies: "{ envelope: { keys: main, keyId: alias/all } }",
	keys: `{ name: main, provider: keyring, path: "${keyring}", passphrase: "${passphrase}" }`,
} as const;

/** Once a run. */
export async function makeKeyring(): Promise<void> {
	const secret = () => ({ passphrase: Buffer.from(passphrase) });
	const cheap = { name: "scrypt", n: 2 ** 15, r: 8, p: 1 } as const;
	await createKeyring(keyring, secret(), cheap, new Date());
	const key = addKey({ alias: "alias/all" });
	await changeKeyring(keyring, secret(), key, new Date());
}

/** Verify mode; over TLS, current SDKs send checksums as trailers. */
export async function sealed(store: RunningStore, tls: boolean): Promise<void> {
	const name = `${store.name}-envelope${tls ? "-tls" : ""}`;
	const gateway = await startGateway({ name, store, tls, ...envelope });
	await check(name, "the AWS SDK ran", async () => {
		const direct = sideOf(store, storeKeys, `js-${tls}-straight`);
		const through = sideOf(gateway, appKeys, `js-${tls}-envelope`);
		tell(
			`${name} AWS SDK`,
			store.name,
			[await askEverything(direct), direct],
			[await askEverything(through), through],
		);
	});
	await check(name, "boto3 ran", () => {
		const straight = { endpoint: store.endpoint, bucket: `py-${tls}-straight` };
		const sealed = { endpoint: gateway.endpoint, bucket: `py-${tls}-envelope` };
		tell(
			`${name} boto3`,
			store.name,
			[byBoto3(straight, storeKeys), straight],
			[byBoto3(sealed, appKeys), sealed],
		);
	});
	const secret = { passphrase: Buffer.from(passphrase) };
	const keys = await openKeyringProvider(keyring, secret);
	await readBack(name, store, `js-${tls}-envelope`, keys);
	await keys.close?.();
}

type Run = readonly [readonly Answer[], Pick<Side, "endpoint" | "bucket">];

/** A line for each step. */
function tell(group: string, store: string, direct: Run, through: Run): void {
	const { unequal } = compare(
		...direct,
		...through,
		store.replace(/-tls$/, ""),
	);
	for (const { step } of direct[0]) {
		const found = unequal.filter((one) => one.step === step);
		const what = [step, ...found.map(({ what }) => what)].join("\n    ");
		report(group, found.length === 0, what);
	}
	const steps = ([answers]: Run) => answers.map(({ step }) => step).join("\n");
	const same = steps(direct) === steps(through);
	report(group, same, `${direct[0].length} steps, the same both ways`);
}

function sideOf(
	{ endpoint }: RunningGateway | RunningStore,
	credentials: Keys,
	bucket: string,
): Side {
	const ca = readFileSync(certificates.ca);
	const client = new S3Client({
		endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		maxAttempts: 1,
		credentials,
		requestHandler: { httpsAgent: new Agent({ ca }) },
	});
	return { client, endpoint, bucket, ca };
}

function byBoto3(
	{ endpoint, bucket }: Pick<Side, "endpoint" | "bucket">,
	{ accessKeyId, secretAccessKey }: Keys,
): readonly Answer[] {
	const script = join(root, "test/interop/boto3_sealed.py");
	const { status, stdout, stderr } = spawnSync(
		join(installed, "venv/bin/python"),
		[script, endpoint, bucket, accessKeyId, secretAccessKey],
		{
			encoding: "utf8",
			env: cleanEnvironment({ AWS_CA_BUNDLE: certificates.ca }),
			maxBuffer: 64 * 1024 ** 2,
			timeout: 180_000,
		},
	);
	if (status !== 0) throw new Error(stderr.slice(-800));
	const lines = stdout.split("\n").filter((line) => line !== "");
	return lines.map((line) => JSON.parse(line) as Answer);
}
