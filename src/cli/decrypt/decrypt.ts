/** A downloaded object to plaintext, with the keyring and without gateway or network. */
import { open } from "node:fs/promises";
import { requireMetadata } from "../../crypto/bound-metadata.ts";
import type { ObjectRecord } from "../../crypto/record.ts";
import { type OpenedRecord, openRecord } from "../../crypto/record-seal.ts";
import { wrappingContext } from "../../keys/context.ts";
import { openKeyringProvider } from "../../keys/keyring-provider.ts";
import type { Secret } from "../../keys/unlock-slot.ts";
import { UsageError } from "../answer.ts";
import { recorded } from "../command-record.ts";
import {
	entryOf,
	type KeysOptions,
	type SecretOptions,
	secretFrom,
} from "../keys/entry.ts";
import { openParts, partsOf } from "./ciphertext.ts";
import { readMetadata, recordOf } from "./metadata.ts";
import { fileOutput, stdoutOutput } from "./output.ts";

export interface DecryptOptions extends Partial<KeysOptions>, SecretOptions {
	/** File of what the store says of the object. */
	readonly metadata: string;
	/** The names under which the object was written. */
	readonly bucket: string;
	readonly key: string;
	/** File; absent: stdout. */
	readonly output?: string;
	readonly force?: boolean;
	/** In place of a configuration: a keyring or a backup of one. */
	readonly keyring?: string;
	/** Ciphertext bytes of the parts, as the store lists them. */
	readonly partSizes?: readonly number[];
	readonly skipMetadataCheck?: boolean;
}

interface Source {
	readonly name: string;
	readonly path: string;
	readonly secret: Secret;
	readonly loaded: Parameters<typeof recorded>[0];
}

/** @returns 0. @throws DecryptionError, and SealgateError of the keyring */
export async function decrypt(
	file: string,
	options: DecryptOptions,
): Promise<number> {
	const { output, json, bucket, key } = options;
	if (json && output === undefined)
		throw new UsageError("with --json, --output says where the plaintext goes");
	const source = await sourceOf(options);
	const headers = readMetadata(options.metadata);
	const asked = { command: "decrypt", keys: source.name, bucket, key };
	const { opened, bytes, parts } = await recorded(
		source.loaded,
		asked,
		async () => {
			const record = recordOf(headers, options.metadata);
			const opened = await openWith(source, record, options);
			const { metadataHash } = record;
			if (metadataHash !== undefined && !options.skipMetadataCheck)
				requireMetadata(headers, metadataHash);
			const done = await writePlaintext(file, { record, ...opened }, options);
			return { ...done, opened, keyIds: [record.keyId] };
		},
	);
	const sealed = Object.fromEntries(opened.metadata);
	if (json) console.log(JSON.stringify({ output, bytes, parts, sealed }));
	else console.error(`${bytes} bytes in ${parts} parts, all authenticated`);
	return 0;
}

async function sourceOf(options: DecryptOptions): Promise<Source> {
	const { config, keyring } = options;
	if ((config === undefined) === (keyring === undefined)) {
		throw new UsageError("say --config, or --keyring and what opens it");
	}
	if (keyring !== undefined) {
		const secret = secretFrom(options, keyring);
		return { name: keyring, path: keyring, secret, loaded: undefined };
	}
	return await entryOf(options as KeysOptions);
}

async function openWith(
	{ path, secret }: Source,
	record: ObjectRecord,
	{ bucket, key }: DecryptOptions,
): Promise<OpenedRecord> {
	const provider = await openKeyringProvider(path, secret);
	const context = wrappingContext(bucket, record.objectScope ? key : undefined);
	const { signal } = new AbortController();
	const { keyId, wrappedKey } = record;
	try {
		const wrapping = await provider.unwrap(keyId, wrappedKey, context, signal);
		try {
			return openRecord(record, wrapping, { bucket, key });
		} finally {
			wrapping.fill(0);
		}
	} finally {
		await provider.close?.();
	}
}

async function writePlaintext(
	path: string,
	object: Parameters<typeof openParts>[0],
	options: DecryptOptions,
): Promise<{ bytes: number; parts: number }> {
	await using file = await open(path, "r");
	const found = await partsOf(object, file, options.partSizes);
	const to =
		options.output === undefined
			? stdoutOutput()
			: await fileOutput(options.output, options.force ?? false);
	try {
		await openParts(object, file, found, to.write);
	} catch (error) {
		await to.failed();
		if (options.output === undefined)
			console.error("the output is cut short: do not use it as the object");
		throw error;
	}
	await to.done();
	const bytes = found.lengths.reduce((sum, length) => sum + length, 0);
	return { bytes, parts: found.lengths.length };
}
