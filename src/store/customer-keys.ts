/**
 * Objects under a customer's key: the store keeps a salted MAC of it, and asks for the key again.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { HeaderMap } from "../http/headers.ts";
import {
	type CustomerKeyOf,
	isCustomerKeyHeader,
	readCustomerKey,
} from "../s3/customer-key.ts";
import { StoreError } from "./errors.ts";

/** Base64, both. */
export interface LockedKey {
	readonly salt: string;
	readonly mac: string;
}

export type Answered = Readonly<Record<string, string>>;

const requests =
	"Requests specifying Server Side Encryption with Customer provided keys must";

/** @throws StoreError where a key would travel in the clear */
export function refuseInClear(headers: HeaderMap): void {
	if (![...headers.keys()].some(isCustomerKeyHeader)) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		`${requests} be made over a secure connection.`,
	);
}

/** The key that a write brings, as it is kept; undefined where it brings none. @throws SealgateError */
export function lockCustomerKey(headers: HeaderMap): LockedKey | undefined {
	const given = readCustomerKey(headers, "object");
	if (given === undefined) return undefined;
	const salt = randomBytes(16);
	const mac = macOf(salt, given.key);
	given.key.fill(0);
	return { salt: salt.toString("base64"), mac: mac.toString("base64") };
}

/** Asks a read for the key of what it reads. @throws SealgateError, StoreError */
export function checkCustomerKey(
	headers: HeaderMap,
	of: CustomerKeyOf,
	locked: LockedKey | undefined,
): void {
	const opened = opens(headers, of, locked);
	if (opened === "none") return;
	if (opened === "unasked") {
		const message =
			"The encryption parameters are not applicable to this object.";
		throw new StoreError("InvalidRequest", {}, message);
	}
	if (opened === "missing") {
		throw new StoreError(
			"InvalidRequest",
			{},
			"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
		);
	}
	if (opened === "wrong") {
		const message = `${requests} provide the correct secret key.`;
		throw new StoreError("AccessDenied", {}, message);
	}
}

/** Asks a part for the key that its upload was begun with. @throws SealgateError, StoreError */
export function checkPartKey(
	headers: HeaderMap,
	locked: LockedKey | undefined,
): void {
	const opened = opens(headers, "object", locked);
	if (opened === "missing" || opened === "unasked") {
		throw new StoreError(
			"InvalidRequest",
			{},
			"The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
		);
	}
	if (opened === "wrong") {
		const message =
			"The provided encryption parameters did not match the ones used originally.";
		throw new StoreError("InvalidRequest", {}, message);
	}
}

/** What answers say of a key that the request brought and that fits. */
export function answeredCustomerKey(headers: HeaderMap): Answered {
	const prefix = "x-amz-server-side-encryption-customer-";
	const md5 = headers.get(`${prefix}key-md5`);
	if (md5 === undefined) return {};
	return { [`${prefix}algorithm`]: "AES256", [`${prefix}key-md5`]: md5 };
}

function opens(
	headers: HeaderMap,
	of: CustomerKeyOf,
	locked: LockedKey | undefined,
): "none" | "unasked" | "missing" | "wrong" | "right" {
	const given = readCustomerKey(headers, of);
	if (locked === undefined) return given === undefined ? "none" : "unasked";
	if (given === undefined) return "missing";
	const mac = macOf(Buffer.from(locked.salt, "base64"), given.key);
	given.key.fill(0);
	const right = timingSafeEqual(mac, Buffer.from(locked.mac, "base64"));
	return right ? "right" : "wrong";
}

function macOf(salt: Buffer, key: Buffer): Buffer {
	return createHmac("sha256", salt).update(key).digest();
}
