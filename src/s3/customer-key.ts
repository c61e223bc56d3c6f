/**
 * The key of SSE-C: three headers that carry the client's own key with each request that reads or writes the object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-s3-c-encryption.html
 * Errors in the words that AWS answers (recorded February 2026); for a missing MD5, which no SDK leaves out, in MinIO's.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { SealgateError } from "../errors.ts";

/** `object`: what the request reads or writes. `copy-source`: what a copy reads. */
export type CustomerKeyOf = "object" | "copy-source";

export interface CustomerKey {
	/** 32 bytes; the caller zeroises them when done. */
	readonly key: Buffer;
	/** Base64 of the key's MD5, which S3 answers. */
	readonly md5: string;
}

export const customerKeyBytes = 32;

const encryption = "x-amz-server-side-encryption";
const prefixes = {
	object: `${encryption}-customer-`,
	"copy-source": "x-amz-copy-source-server-side-encryption-customer-",
} as const;

/** Names of the algorithm, the key and its MD5, in that order. */
export function customerKeyNames(
	of: CustomerKeyOf,
): readonly [algorithm: string, key: string, md5: string] {
	const prefix = prefixes[of];
	return [`${prefix}algorithm`, `${prefix}key`, `${prefix}key-md5`];
}

export function isCustomerKeyHeader(name: string): boolean {
	return Object.values(prefixes).some((prefix) => name.startsWith(prefix));
}

/** The three headers that name a key. @param key 32 bytes */
export function customerKeyHeaders(
	key: Buffer,
	of: CustomerKeyOf,
): Readonly<Record<string, string>> {
	if (key.length !== customerKeyBytes) {
		throw new RangeError(`an SSE-C key has ${customerKeyBytes} bytes`);
	}
	const [algorithm, name, md5] = customerKeyNames(of);
	return {
		[algorithm]: "AES256",
		[name]: key.toString("base64"),
		[md5]: md5Of(key),
	};
}

/**
 * The key that a request carries; undefined where none of the three headers is there.
 * @throws SealgateError `encryption-algorithm-invalid`, `argument-invalid`
 */
export function readCustomerKey(
	headers: ReadonlyMap<string, string>,
	of: CustomerKeyOf,
): CustomerKey | undefined {
	const [algorithm, encoded, md5] = customerKeyNames(of).map((name) =>
		headers.get(name),
	);
	if (algorithm === undefined && encoded === undefined && md5 === undefined) {
		return undefined;
	}
	if (algorithm === undefined) {
		throw refusal("must provide a valid encryption algorithm.");
	}
	if (algorithm !== "AES256") {
		throw new SealgateError(
			"encryption-algorithm-invalid",
			"The Encryption request you specified is not valid. Supported value: AES256.",
			{ fields: { ArgumentName: encryption, ArgumentValue: algorithm } },
		);
	}
	if (encoded === undefined) {
		throw refusal("must provide an appropriate secret key.");
	}
	if (md5 === undefined) {
		throw refusal("must provide the client calculated MD5 of the secret key.");
	}
	const key = decodeKey(encoded);
	const calculated = md5Of(key);
	if (!same(calculated, md5)) {
		throw invalid(
			"The calculated MD5 hash of the key did not match the hash that was provided.",
		);
	}
	return { key, md5: calculated };
}

/**
 * A write takes a customer's key or an encryption of the store's, never both.
 * @throws SealgateError `argument-invalid`
 */
export function refuseBothEncryptions(
	headers: ReadonlyMap<string, string>,
): void {
	const chosen = headers.get(encryption);
	if (chosen === undefined) return;
	if (!customerKeyNames("object").some((name) => headers.has(name))) return;
	throw invalid(
		"Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
		{ ArgumentValue: chosen },
	);
}

/** Lenient base64 would let two spellings name one key, and a key of another length pass. */
function decodeKey(encoded: string): Buffer {
	const key = Buffer.from(encoded, "base64");
	if (key.length === customerKeyBytes && key.toString("base64") === encoded) {
		return key;
	}
	throw invalid("The secret key was invalid for the specified algorithm.");
}

function md5Of(key: Buffer): string {
	return createHash("md5").update(key).digest("base64");
}

function same(calculated: string, given: string): boolean {
	const [a, b] = [Buffer.from(calculated), Buffer.from(given)];
	return a.length === b.length && timingSafeEqual(a, b);
}

function refusal(what: string): SealgateError {
	return invalid(
		`Requests specifying Server Side Encryption with Customer provided keys ${what}`,
	);
}

function invalid(
	message: string,
	fields: Readonly<Record<string, string>> = {},
): SealgateError {
	return new SealgateError("argument-invalid", message, {
		fields: { ArgumentName: encryption, ...fields },
	});
}
