/** What the stub KMS answers. Members and their rules: AWS KMS API reference, each operation's page. */
import { randomBytes } from "node:crypto";
import { arnOf, type KmsKeys, KmsRefusal } from "./kms-keys.ts";

type Members = Readonly<Record<string, unknown>>;
type Kind = "key" | "blob" | "context" | "spec";
type Read = (member: string) => unknown;

interface Row {
	/** Members, `?` where they may be absent. */
	readonly members: Readonly<Record<string, Kind | `${Kind}?`>>;
	answer(keys: KmsKeys, region: string, member: Read): Members;
}

const rows: Readonly<Record<string, Row>> = {
	GenerateDataKey: {
		members: { KeyId: "key", KeySpec: "spec", EncryptionContext: "context?" },
		answer(keys, region, member) {
			const key = keys.usable(member("KeyId") as string, region);
			const plain = randomBytes(32);
			const blob = keys.encrypt(
				key,
				plain,
				contextOf(member("EncryptionContext")),
			);
			return {
				CiphertextBlob: blob.toString("base64"),
				Plaintext: plain.toString("base64"),
				KeyId: arnOf(key.id, region),
				KeyMaterialId: randomBytes(32).toString("hex"),
			};
		},
	},
	Decrypt: {
		members: {
			KeyId: "key?",
			CiphertextBlob: "blob",
			EncryptionContext: "context?",
		},
		answer(keys, region, member) {
			const asked = member("KeyId") as string | undefined;
			const pinned =
				asked === undefined ? undefined : keys.usable(asked, region);
			const { id, plaintext } = keys.decrypt(
				member("CiphertextBlob") as Buffer,
				contextOf(member("EncryptionContext")),
			);
			if (pinned !== undefined && pinned.id !== id)
				throw new KmsRefusal(
					"IncorrectKeyException",
					"The key ID in the request does not identify a CMK that can perform this operation.",
				);
			const key = keys.usable(id, region);
			return {
				KeyId: arnOf(key.id, region),
				Plaintext: plaintext.toString("base64"),
				EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
			};
		},
	},
	ReEncrypt: {
		members: {
			CiphertextBlob: "blob",
			SourceKeyId: "key?",
			SourceEncryptionContext: "context?",
			DestinationKeyId: "key",
			DestinationEncryptionContext: "context?",
		},
		answer(keys, region, member) {
			const source = member("SourceKeyId") as string | undefined;
			const pinned =
				source === undefined ? undefined : keys.usable(source, region);
			const to = keys.usable(member("DestinationKeyId") as string, region);
			const { id, plaintext } = keys.decrypt(
				member("CiphertextBlob") as Buffer,
				contextOf(member("SourceEncryptionContext")),
			);
			if (pinned !== undefined && pinned.id !== id)
				throw new KmsRefusal("IncorrectKeyException", "");
			const from = keys.usable(id, region);
			const context = contextOf(member("DestinationEncryptionContext"));
			return {
				CiphertextBlob: keys.encrypt(to, plaintext, context).toString("base64"),
				SourceKeyId: arnOf(from.id, region),
				KeyId: arnOf(to.id, region),
				SourceEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
				DestinationEncryptionAlgorithm: "SYMMETRIC_DEFAULT",
			};
		},
	},
	DescribeKey: {
		members: { KeyId: "key" },
		answer(keys, region, member) {
			const key = keys.find(member("KeyId") as string, region);
			return {
				KeyMetadata: {
					AWSAccountId: arnOf("", region).split(":")[4],
					Arn: arnOf(key.id, region),
					KeyId: key.id,
					CreationDate: key.created.getTime() / 1_000,
					Enabled: key.state === "Enabled",
					KeyState: key.state,
					KeyUsage: "ENCRYPT_DECRYPT",
					MultiRegion: key.id.startsWith("mrk-"),
					...(key.deletion && { DeletionDate: key.deletion.getTime() / 1_000 }),
				},
			};
		},
	},
};

export function answerTo(
	operation: string,
	body: Buffer,
	keys: KmsKeys,
	region: string,
): Members {
	const row = rows[operation];
	if (row === undefined)
		throw new KmsRefusal("UnknownOperationException", operation);
	const given = parse(body);
	for (const member of Object.keys(given)) {
		if (!Object.hasOwn(row.members, member))
			throw new KmsRefusal(
				"SerializationException",
				`unknown member ${member}`,
			);
	}
	const read = new Map(
		Object.entries(row.members).map(([member, kind]) => [
			member,
			checked(member, kind, given[member]),
		]),
	);
	return row.answer(keys, region, (member) => read.get(member));
}

function parse(body: Buffer): Members {
	try {
		return JSON.parse(body.toString()) as Members;
	} catch {
		throw new KmsRefusal("SerializationException", "no JSON");
	}
}

function checked(member: string, kind: string, value: unknown): unknown {
	if (value === undefined && kind.endsWith("?")) return undefined;
	const wrong = (why: string): KmsRefusal =>
		new KmsRefusal(
			"ValidationException",
			`1 validation error: '${member}' ${why}`,
		);
	const text = typeof value === "string" ? value : "";
	switch (kind.replace("?", "")) {
		case "key":
			if (text.length > 0 && text.length <= 2_048) return text;
			throw wrong("must have 1 to 2048 characters");
		case "spec":
			if (text === "AES_256") return text;
			throw wrong("must be AES_256");
		case "blob": {
			const blob = Buffer.from(text, "base64");
			if (blob.toString("base64") !== text)
				throw new KmsRefusal("SerializationException", "no base64");
			if (blob.length > 0 && blob.length <= 6_144) return blob;
			throw wrong("must have length 1 to 6144");
		}
		default: {
			const pairs = Object.entries((value ?? {}) as object);
			const fits = pairs.every(
				([name, value]) => name !== "" && typeof value === "string",
			);
			if (fits && JSON.stringify(value).length <= 8_192) return value;
			throw wrong("must be a map of strings of at most 8192 bytes");
		}
	}
}

function contextOf(value: unknown): Record<string, string> {
	return (value ?? {}) as Record<string, string>;
}
