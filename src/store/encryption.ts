/** What a write asks the store to encrypt with, and what answers say of it. Bodies lie on the disk as they came. */
import { createHash, randomBytes } from "node:crypto";
import type { HeaderMap } from "../http/headers.ts";
import { refuseBothEncryptions } from "../s3/customer-key.ts";
import {
	type BucketEncryption,
	keyServiceAlgorithms,
} from "./bucket-encryption.ts";
import {
	type Answered,
	answeredCustomerKey,
	type LockedKey,
	lockCustomerKey,
} from "./customer-keys.ts";
import { StoreError } from "./errors.ts";
import type { KeyService } from "./key-service.ts";

export interface Encryption {
	/** AES256, aws:kms or aws:kms:dsse; absent under a customer's key. */
	readonly algorithm?: string;
	/** ARN */
	readonly keyId?: string;
	/** Base64 of JSON, as it came. A copy does not inherit it. */
	readonly context?: string;
	readonly bucketKey?: true;
	readonly customerKey?: LockedKey;
}

const name = "x-amz-server-side-encryption";

/** @throws StoreError, SealgateError for what S3 refuses */
export function encryptionFor(
	headers: HeaderMap,
	byDefault: BucketEncryption,
	keys: KeyService,
): Encryption {
	refuseBothEncryptions(headers);
	const customerKey = lockCustomerKey(headers);
	if (customerKey !== undefined) {
		if (byDefault.blocksCustomerKeys) throw new StoreError("AccessDenied");
		return { customerKey };
	}
	const asked = headers.get(name);
	const algorithm = asked ?? byDefault.algorithm;
	if (algorithm !== "AES256" && !keyServiceAlgorithms.includes(algorithm)) {
		throw new StoreError("InvalidEncryptionAlgorithmError", {
			ArgumentName: name,
			ArgumentValue: algorithm,
		});
	}
	const keyId = headers.get(`${name}-aws-kms-key-id`);
	const context = contextOf(headers);
	if (!keyServiceAlgorithms.includes(asked ?? "")) {
		if (keyId !== undefined || context !== undefined) {
			const message =
				"Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
			throw new StoreError("InvalidArgument", { ArgumentName: name }, message);
		}
		if (algorithm === "AES256") return { algorithm };
	}
	const bucketKey = bucketKeyOf(headers) ?? byDefault.bucketKey;
	return {
		algorithm,
		keyId: keys.resolve(asked === undefined ? byDefault.keyId : keyId),
		...(context === undefined ? {} : { context }),
		...(bucketKey && algorithm === "aws:kms" ? { bucketKey: true } : {}),
	};
}

function contextOf(headers: HeaderMap): string | undefined {
	const header = `${name}-context`;
	const context = headers.get(header);
	if (context === undefined) return undefined;
	const text = Buffer.from(context, "base64").toString("utf8");
	if (isStringMap(text)) return context;
	throw new StoreError(
		"InvalidArgument",
		{ ArgumentName: header, ArgumentValue: context },
		`The header '${header}' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map`,
	);
}

function isStringMap(text: string): boolean {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value !== "object" || value === null) return false;
		if (Array.isArray(value)) return false;
		return Object.values(value).every((entry) => typeof entry === "string");
	} catch {
		return false;
	}
}

function bucketKeyOf(headers: HeaderMap): boolean | undefined {
	const header = `${name}-bucket-key-enabled`;
	const value = headers.get(header)?.toLowerCase();
	if (value === undefined) return undefined;
	if (value === "true" || value === "false") return value === "true";
	throw new StoreError("InvalidArgument", {
		ArgumentName: header,
		ArgumentValue: value,
	});
}

/** What reads, parts and completions answer. @param headers of the request, which name the customer's key */
export function answeredEncryption(
	{ algorithm, keyId, bucketKey, customerKey }: Encryption,
	headers: HeaderMap,
): Answered {
	if (customerKey !== undefined) return answeredCustomerKey(headers);
	return {
		...(algorithm === undefined ? {} : { [name]: algorithm }),
		...(keyId === undefined ? {} : { [`${name}-aws-kms-key-id`]: keyId }),
		...(bucketKey ? { [`${name}-bucket-key-enabled`]: "true" } : {}),
	};
}

/** What the write itself answers: the context as well. */
export function answeredToWrite(
	encryption: Encryption,
	headers: HeaderMap,
): Answered {
	const { context } = encryption;
	return {
		...answeredEncryption(encryption, headers),
		...(context === undefined ? {} : { [`${name}-context`]: context }),
	};
}

/** The MD5 of the bytes, hex; under a key of the key service or of a customer an ETag is no MD5. */
export function etagOf(md5: string, { algorithm }: Encryption): string {
	if (algorithm === "AES256") return md5;
	return createHash("md5").update(md5).update(randomBytes(16)).digest("hex");
}
