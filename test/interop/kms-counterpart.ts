/** KMS servers that others wrote, as counterparts of the conformance suite: each change is asked for as AWS's API has it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
	CancelKeyDeletionCommand,
	CreateAliasCommand,
	CreateKeyCommand,
	DeleteAliasCommand,
	DisableKeyCommand,
	EnableKeyCommand,
	KMSClient,
	ReplicateKeyCommand,
	RotateKeyOnDemandCommand,
	ScheduleKeyDeletionCommand,
	UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import type { Counterpart } from "../keys/conformance/counterpart.ts";
import { openAwsKms } from "../keys/conformance/kms-stub.ts";
import { kmsCredentials } from "../support/kms-stub.ts";
import { folder, freePort, installed, start } from "./harness.ts";

export interface KmsServer {
	readonly name: string;
	readonly endpoint: string;
	readonly region: string;
}

const region = "us-east-1";

/** It listens on every address of the machine, for as long as the run lasts. */
export async function localKms(): Promise<KmsServer> {
	const port = await freePort();
	const data = join(folder, "local-kms-data");
	mkdirSync(data);
	await start("local-kms", join(installed, "local-kms"), [], port, {
		PORT: String(port),
		KMS_ACCOUNT_ID: "111122223333",
		KMS_REGION: region,
		KMS_DATA_PATH: data,
	});
	return { name: "local-kms", endpoint: `http://127.0.0.1:${port}`, region };
}

export async function moto(): Promise<KmsServer> {
	const port = await freePort();
	await start(
		"moto",
		join(installed, "venv-moto/bin/moto_server"),
		["-H", "127.0.0.1", "-p", String(port)],
		port,
	);
	return { name: "moto", endpoint: `http://127.0.0.1:${port}`, region };
}

export function adminOf({ endpoint, region }: KmsServer): KMSClient {
	return new KMSClient({
		endpoint,
		region,
		credentials: { ...kmsCredentials },
	});
}

export async function createKey(
	admin: KMSClient,
	alias: string,
): Promise<string> {
	const { KeyMetadata } = await admin.send(new CreateKeyCommand({}));
	const { Arn = "", KeyId } = KeyMetadata ?? {};
	await admin.send(
		new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyId }),
	);
	return Arn;
}

/** @param known what it cannot do, and what it does otherwise than AWS */
export function counterpartOf(
	server: KmsServer,
	known: Pick<Counterpart, "absent" | "differs" | "varies">,
): Counterpart {
	const admin = adminOf(server);
	const KeyId = (arn: string) => arn.replace(/^.*key\//, "");
	let made = 0;
	return {
		name: server.name,
		open: () => openAwsKms(server),
		async createKey() {
			const alias = `alias/conformance-${made++}`;
			return { id: await createKey(admin, alias), alias };
		},
		async pointAlias(AliasName, id) {
			const to = { AliasName, TargetKeyId: KeyId(id) };
			await admin.send(new UpdateAliasCommand(to));
		},
		async removeAlias(AliasName) {
			await admin.send(new DeleteAliasCommand({ AliasName }));
		},
		async disable(id) {
			await admin.send(new DisableKeyCommand({ KeyId: KeyId(id) }));
		},
		async enable(id) {
			await admin.send(new EnableKeyCommand({ KeyId: KeyId(id) }));
		},
		async scheduleDeletion(id) {
			const asked = { KeyId: KeyId(id), PendingWindowInDays: 7 };
			await admin.send(new ScheduleKeyDeletionCommand(asked));
		},
		async cancelDeletion(id) {
			await admin.send(new CancelKeyDeletionCommand({ KeyId: KeyId(id) }));
		},
		async rotate(id) {
			await admin.send(new RotateKeyOnDemandCommand({ KeyId: KeyId(id) }));
		},
		replicas: {
			async createKey() {
				const asked = { MultiRegion: true };
				const { KeyMetadata } = await admin.send(new CreateKeyCommand(asked));
				const here = KeyMetadata?.Arn ?? "";
				const to = { KeyId: KeyId(here), ReplicaRegion: otherRegion };
				await admin.send(new ReplicateKeyCommand(to));
				return { here, there: here.replace(server.region, otherRegion) };
			},
			openThere: () =>
				openAwsKms({ endpoint: server.endpoint, region: otherRegion }),
		},
		...known,
		close: async () => admin.destroy(),
	};
}

const otherRegion = "eu-west-1";
