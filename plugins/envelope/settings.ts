/** What one route decides about its objects, and the names that everything of an object is bound to. */
import {
	type Format,
	type KeyAccess,
	type KeyContext,
	type ObjectName,
	type Operation,
	SealgateError,
	wrappingContext,
} from "../../src/index.ts";
import type { Options } from "./options.ts";
import type { ProvenTables } from "./proven-tables.ts";
import type { SeenObjects } from "./seen-objects.ts";

export interface Envelope {
	readonly options: Options;
	/** That new objects are written in. */
	readonly format: Format;
	readonly keys: KeyAccess;
	/** Part tables that objects have proven. */
	readonly tables: ProvenTables;
	/** What objects were when they were last looked at. */
	readonly seen: SeenObjects;
	/** Bytes that nobody can foresee. */
	readonly random: (size: number) => Buffer;
}

/** A replicated or restored bucket opens by the name under which it was written. */
export function boundName(
	{ options }: Envelope,
	{ bucket, key }: Operation,
): ObjectName {
	if (bucket === undefined || key === undefined) {
		throw new SealgateError("internal", "An object has no name.");
	}
	return { bucket: options.boundBucket ?? bucket, key };
}

/** What a copy is bound to: another name than its source's where a restored bucket is to open by its own again. */
export function copyName(envelope: Envelope, operation: Operation): ObjectName {
	const name = boundName(envelope, operation);
	return { ...name, bucket: envelope.options.copiesBindTo ?? name.bucket };
}

/** What the key provider is told: the bucket, and for a wrapping key of one object alone also its key. */
export function contextOf(
	{ bucket, key }: ObjectName,
	objectScope: boolean,
): KeyContext {
	return objectScope ? wrappingContext(bucket, key) : wrappingContext(bucket);
}
