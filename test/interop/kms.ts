/**
 * Key providers at their real counterparts: `aws-kms` at KMS servers that others wrote, `vault` at
 * OpenBao, `pkcs11` at SoftHSM2. What a
 * counterpart cannot do, or does against the rule, is listed and printed.
 */
import { makeCertificates } from "./certificates.ts";
import { conforms } from "./conforms.ts";
import { finish, part, report } from "./harness.ts";
import { counterpartOf, localKms, moto } from "./kms-counterpart.ts";
import { sealedByKms } from "./kms-envelope.ts";
import { hardwareModule } from "./pkcs11.ts";
import { type RunningStore, versitygw } from "./stores.ts";
import { vaultService } from "./vault.ts";

const absent = {
	network: "what fails on the way is done by the stub of npm test",
	destruction: "a key is destroyed after 7 days at the earliest",
};

const localKmsKnown = {
	absent: {
		...absent,
		rotation: "RotateKeyOnDemand is not served",
		replicas: "it serves one region",
	},
	differs: {
		"a blob is refused with a byte in its middle flipped":
			"it opens: the name of the key in the blob is not authenticated",
		"a context is refused with a border moved from name to value":
			"it opens: names and values are joined without a border",
		"after a cancelled deletion a key is disabled, and opens once it is enabled":
			"it is enabled at once",
	},
};

const otherKey =
	"AccessDenied, where AWS says IncorrectKey or InvalidCiphertext";
const anyState = "it is served: states are kept, and not looked at";

const motoKnown = {
	absent,
	varies: {
		"a blob is refused with its first byte missing":
			"AccessDenied, unless the bytes behind are no text",
	},
	differs: {
		"a blob is refused with its first byte flipped": otherKey,
		"a blob of one key is refused under another's id": otherKey,
		"a blob of one key is refused under another's alias": otherKey,
		"under an alias that was pointed to another key old blobs are refused":
			otherKey,
		"a context is refused with a border moved from name to value":
			"it opens: names and values are joined without a border",
		"a disabled key generates nothing": anyState,
		"a disabled key opens nothing": anyState,
		"a key that waits for its deletion generates nothing": anyState,
		"a key that waits for its deletion opens nothing": anyState,
		"rewrap by a disabled key is refused": anyState,
		"a key that is disabled in the middle of many refuses those behind it":
			anyState,
		"a key of two regions opens in both, under the id that its record has":
			"the replica does not have the key's material",
	},
};

/** @param store that an envelope route writes to */
export async function keyServices(store: RunningStore): Promise<void> {
	await part("local-kms", async () => {
		const server = await localKms();
		await conforms(counterpartOf(server, localKmsKnown));
		await sealedByKms(server, store);
	});
	await part("moto", async () => {
		const server = await moto();
		await conforms(counterpartOf(server, motoKnown));
		await sealedByKms(server, store);
	});
	await vaultService(store);
	await hardwareModule(store);
}

if (import.meta.main) {
	try {
		makeCertificates();
		await keyServices(await versitygw());
	} catch (error) {
		report("kms", false, (error as Error).stack ?? String(error));
	} finally {
		finish();
	}
}
