/** What cases assert, and the values that they share. */
import assert from "node:assert/strict";
import { DecryptionError } from "../../../src/crypto/decryption-error.ts";
import { type ErrorCode, SealgateError } from "../../../src/errors.ts";
import { wrappingContext } from "../../../src/keys/context.ts";
import type { GeneratedKey, KeyProvider } from "../../../src/keys/provider.ts";
import { KeysUnavailable, type Outage } from "../../../src/keys/unavailable.ts";
import type { TestKey, World } from "./counterpart.ts";

export const never = new AbortController().signal;
export const context = wrappingContext("photos");

export async function failureOf(refused: Promise<unknown>): Promise<Error> {
	let value: unknown;
	try {
		value = await refused;
	} catch (error) {
		return error as Error;
	}
	assert.fail(`nothing failed: ${typeof value}`);
}

export async function fails(
	refused: Promise<unknown>,
	...codes: readonly ErrorCode[]
): Promise<void> {
	const error = await failureOf(refused);
	assert.ok(error instanceof SealgateError, String(error.stack));
	assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
}

/** The blob was looked at, and refused. */
export async function refusesBlob(refused: Promise<unknown>): Promise<void> {
	const error = await failureOf(refused);
	assert.ok(error instanceof DecryptionError, String(error.stack));
	assert.equal(error.reason, "wrapping-key-refused");
}

export async function isOutage(
	refused: Promise<unknown>,
	...outages: readonly Outage[]
): Promise<void> {
	const error = await failureOf(refused);
	assert.ok(error instanceof KeysUnavailable, String(error.stack));
	assert.ok(outages.includes(error.outage), `${error.outage}: ${error.cause}`);
}

export async function opens(
	provider: KeyProvider,
	{ keyId, wrapped, key }: GeneratedKey,
	under = context,
): Promise<void> {
	const opened = await provider.unwrap(keyId, wrapped, under, never);
	assert.ok(opened.equals(key), "the key is the one that was generated");
}

/** A key, and one that it wrapped. */
export async function generated({
	counterpart,
	provider,
}: World): Promise<{ key: TestKey; made: GeneratedKey }> {
	const key = await counterpart.createKey();
	const made = await provider.generate(key.alias, context, never);
	return { key, made };
}
