/** Routes whose envelope seals under the key that a run names. */

import { keyVersionOf } from "../../bulk/protection.ts";
import type { Sealing } from "../../bulk/rewrap.ts";
import type { ConfiguredPolicy, Loaded } from "../../config/load.ts";
import { DecryptionError } from "../../crypto/decryption-error.ts";
import type { ObjectRecord } from "../../crypto/record.ts";
import { type ObjectName, openRecord } from "../../crypto/record-seal.ts";
import type { Exchange } from "../../exchange.ts";
import { wrappingContext } from "../../keys/context.ts";
import type { KeyAccess } from "../../keys/key-access.ts";
import type { OpenKeys } from "../../keys/open-keys.ts";
import { UsageError } from "../answer.ts";

/** Those options of plugins/envelope that a run reads or changes. */
export interface EnvelopeOptions {
	readonly keys: string;
	readonly keyId: string;
	readonly format: string;
	readonly decrypt?: readonly string[];
	readonly boundBucket?: string;
	readonly onPlaintext: unknown;
}

/** The configuration with other options of its envelopes. */
export function withEnvelopes(
	loaded: Loaded,
	change: (options: EnvelopeOptions) => object,
): Loaded {
	const policies = new Map(
		[...loaded.policies].map(([route, policies]) => [
			route,
			policies.map((policy) =>
				isEnvelope(policy)
					? { ...policy, options: change(policy.options as EnvelopeOptions) }
					: policy,
			),
		]),
	);
	return { ...loaded, policies };
}

/** The configuration with no envelope at all: what is written stays as it is. */
export function withoutEnvelopes(loaded: Loaded): Loaded {
	const policies = new Map(
		[...loaded.policies].map(([route, policies]) => [
			route,
			policies.filter((policy) => !isEnvelope(policy)),
		]),
	);
	return { ...loaded, policies };
}

/** Sealing under `keyId`, and opening what was sealed before. */
export function sealingUnder(loaded: Loaded, keyId: string): Loaded {
	return withEnvelopes(loaded, (options) => ({
		...options,
		keyId,
		decrypt: [...(options.decrypt ?? [options.keyId]), keyId],
	}));
}

/** Copies are bound to their own bucket, whatever their source is bound to. */
export function bindingTo(loaded: Loaded, bucket: string): Loaded {
	return withEnvelopes(loaded, (options) => ({
		...options,
		copiesBindTo: bucket,
	}));
}

/** Everything is bound to its own bucket. */
export function boundToItself(loaded: Loaded): Loaded {
	return withEnvelopes(loaded, ({ boundBucket: _, ...options }) => options);
}

export function envelopeOf(
	loaded: Loaded,
	route: string,
): EnvelopeOptions | undefined {
	const found = loaded.policies.get(route)?.find(isEnvelope);
	return found?.options as EnvelopeOptions | undefined;
}

function isEnvelope({ plugin }: ConfiguredPolicy): boolean {
	return plugin.name === "envelope";
}

/**
 * What a route seals under in this run; undefined where it has no envelope.
 * @throws UsageError where a gateway that runs by this configuration would not open what the run seals
 */
export async function sealingOf(
	loaded: Loaded,
	route: string,
	bucket: string,
	to: string,
	keys: OpenKeys,
	exchange: Exchange,
	rebind: boolean,
): Promise<Sealing | undefined> {
	const options = envelopeOf(loaded, route);
	if (options === undefined) return undefined;
	const listed = options.decrypt ?? [options.keyId];
	const access = keys.of(options.keys, route, [...listed, options.keyId, to]);
	const keyId = await access.idOf(to, exchange);
	let opens = false;
	for (const name of listed)
		opens ||= access.sameKey(await access.idOf(name, exchange), keyId);
	if (!opens)
		throw new UsageError(
			`route "${route}" does not open what is sealed under ${to}: add it to the route's decrypt, take that into force, and run this again`,
		);
	const context = wrappingContext(options.boundBucket ?? bucket);
	using newest = await access.forSealing(to, context, 0, exchange);
	const version = keyVersionOf({ keyId, wrappedKey: newest.wrapped });
	return {
		keyId,
		...(version !== undefined && { version }),
		isKey: (other) => access.sameKey(other, keyId),
		...(rebind && {
			isBound: (record: ObjectRecord, key: string) =>
				opensAs(record, { bucket, key }, access, exchange),
		}),
	};
}

async function opensAs(
	record: ObjectRecord,
	name: ObjectName,
	access: KeyAccess,
	exchange: Exchange,
): Promise<boolean> {
	const { keyId, wrappedKey, objectScope } = record;
	const objectKey = objectScope ? name.key : undefined;
	const context = wrappingContext(name.bucket, objectKey);
	try {
		using wrapping = await access.forOpening(
			keyId,
			wrappedKey,
			context,
			exchange,
		);
		openRecord(record, wrapping.key, name);
		return true;
	} catch (error) {
		if (error instanceof DecryptionError) return false;
		throw error;
	}
}
