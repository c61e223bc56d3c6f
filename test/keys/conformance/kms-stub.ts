/** `provider: aws-kms` at our stub KMS, which can fail in every way. */
import { randomBytes } from "node:crypto";
import { keysAwsKms } from "../../../plugins/keys-aws-kms/index.ts";
import type { KeyProvider } from "../../../src/keys/provider.ts";
import { arnOf } from "../../support/kms-keys.ts";
import {
	type Fault,
	type KmsStub,
	kmsCredentials,
	startKms,
} from "../../support/kms-stub.ts";
import type { Counterpart, FaultName, Network } from "./counterpart.ts";

/** A provider as the configuration's options open it. */
export function openAwsKms(
	{ endpoint, region }: Pick<KmsStub, "endpoint" | "region">,
	credentials:
		| Partial<typeof kmsCredentials>
		| { secretAccessKey: string } = {},
): Promise<KeyProvider> {
	const options = keysAwsKms.options.parse({
		region,
		endpoint,
		credentials: { ...kmsCredentials, ...credentials },
	});
	return keysAwsKms.open(options, {
		name: "main",
		directory: ".",
		fips: false,
	});
}

const changed = (members: Record<string, unknown>): Fault => ({
	change: (answer) => ({ ...answer, ...members }),
});

const faults: Record<FaultName, Fault> = {
	throttled: { refuse: "ThrottlingException", message: "canary" },
	"server-error": { refuse: "KMSInternalException", status: 500 },
	overloaded: { raw: "canary", status: 503, type: "text/plain" },
	reset: { connection: "reset" },
	cut: { connection: "cut" },
	silence: { connection: "silence" },
	"no-protocol": { raw: '{"Plaintext": tru' },
	"web-page": { raw: "<html>canary</html>", type: "text/html" },
	"empty-answer": { raw: "{}" },
	"no-key": changed({ Plaintext: undefined }),
	"short-key": changed({ Plaintext: randomBytes(16).toString("base64") }),
	"zero-key": changed({ Plaintext: Buffer.alloc(32).toString("base64") }),
	"no-blob": changed({ CiphertextBlob: "" }),
	"huge-blob": changed({
		CiphertextBlob: randomBytes(6_145).toString("base64"),
	}),
	"no-key-id": changed({ KeyId: undefined, KeyMetadata: { CreationDate: 1 } }),
	"other-key-id": {
		change: (answer) => {
			const other = arnOf(
				"00000000-0000-4000-8000-000000000000",
				"eu-central-1",
			);
			const metadata = answer.KeyMetadata as object | undefined;
			return metadata
				? { KeyMetadata: { ...metadata, Arn: other } }
				: { ...answer, KeyId: other };
		},
	},
	denied: {
		refuse: "AccessDeniedException",
		message: "User: canary is not authorized to perform: kms:Decrypt",
	},
	"expired-token": { refuse: "ExpiredTokenException", message: "canary" },
	"unknown-refusal": { refuse: "SomeNewException" },
};

export async function kmsStubCounterpart(): Promise<Counterpart> {
	const kms = await startKms();
	const elsewhere = await startKms("us-east-1", kms.keys);
	const { keys, region } = kms;
	const idOf = (arn: string): string => arn.replace(/^.*key\//, "");
	let made = 0;
	return {
		name: "aws-kms at the stub",
		open: () => openAwsKms(kms),
		async createKey() {
			const { id } = keys.create(region);
			const alias = `alias/conformance-${made++}`;
			keys.alias(alias, id);
			return { id: arnOf(id, region), alias };
		},
		pointAlias: async (alias, id) => keys.alias(alias, idOf(id)),
		removeAlias: async (alias) => keys.removeAlias(alias),
		async disable(id) {
			keys.get(idOf(id)).state = "Disabled";
		},
		async enable(id) {
			keys.get(idOf(id)).state = "Enabled";
		},
		async scheduleDeletion(id) {
			const deletion = new Date(Date.now() + 7 * 86_400_000);
			Object.assign(keys.get(idOf(id)), { state: "PendingDeletion", deletion });
		},
		async cancelDeletion(id) {
			const key = keys.get(idOf(id));
			Object.assign(key, { state: "Disabled", deletion: undefined });
		},
		destroy: async (id) => keys.destroy(idOf(id)),
		async rotate(id) {
			keys.get(idOf(id)).versions.push(randomBytes(32));
		},
		network: networkOf(kms),
		replicas: {
			async createKey() {
				const { id } = keys.create(region, true);
				return { here: arnOf(id, region), there: arnOf(id, elsewhere.region) };
			},
			openThere: () => openAwsKms(elsewhere),
		},
		absent: {},
		differs: {},
		async close() {
			await kms.close();
			await elsewhere.close();
		},
	};
}

function networkOf(kms: KmsStub): Network {
	return {
		calls: () => kms.calls.length,
		called: (times) => kms.called(times),
		fault(name, times = Number.POSITIVE_INFINITY) {
			let left = times;
			kms.fault = () => (left-- > 0 ? faults[name] : undefined);
		},
		hold() {
			let release = (): void => {};
			const hold = new Promise<void>((resolve) => {
				release = resolve;
			});
			kms.fault = () => ({ hold });
			return release;
		},
		heal() {
			kms.fault = undefined;
		},
		async openNowhere() {
			const gone = await startKms();
			await gone.close();
			return openAwsKms(gone);
		},
		openWithWrongSecret: () =>
			openAwsKms(kms, { secretAccessKey: "another secret" }),
		credentialRefusal: /ExpiredToken/,
	};
}
