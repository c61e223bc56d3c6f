import { encodeRecord, type ObjectRecord } from "../../crypto/record.ts";
import { readBlob } from "../../keys/key-material.ts";
import { readMetadata, recordOf } from "./metadata.ts";

/** What an object's metadata says, without any key: so nothing of it is proven. @param file of metadata */
export async function inspect(
	file: string,
	{ json }: { readonly json?: boolean },
): Promise<number> {
	const facts = factsOf(recordOf(readMetadata(file), file));
	if (json) console.log(JSON.stringify(facts));
	else
		for (const [name, value] of Object.entries(facts))
			console.log(`${name.padEnd(16)} ${value}`);
	return 0;
}

function factsOf(
	record: ObjectRecord,
): Record<string, string | number | boolean> {
	const { format, single, metadataHash, wrappedKey } = record;
	return {
		format: `t1/${format.id}`,
		segmentBytes: format.segmentBytes,
		layout: single === undefined ? "multipart" : "single",
		...(single !== undefined && { plaintextBytes: single.plaintext }),
		keyId: record.keyId,
		...keyringVersion(wrappedKey),
		wrappingKeyOf: record.objectScope ? "this object" : "many objects",
		bindsMetadata: metadataHash !== undefined,
		nonce: record.nonce.toString("hex"),
		commitment: record.commitment.toString("hex"),
		recordBytes: encodeRecord(record).length,
	};
}

/** Where the wrapped key is one of the embedded keyring. */
function keyringVersion(wrapped: Buffer): { keyVersion?: number } {
	try {
		return { keyVersion: readBlob(wrapped).version };
	} catch {
		return {};
	}
}
