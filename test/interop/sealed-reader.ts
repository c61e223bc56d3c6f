/** docs/readers/t1.py opens what a gateway wrote: ciphertext and metadata from the store, the wrapping key from the keyring. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { readRecordHeader } from "../../src/crypto/record-header.ts";
import { wrappingContext } from "../../src/keys/context.ts";
import type { KeyProvider } from "../../src/keys/provider.ts";
import { bytesOf, sample } from "../envelope/content.ts";
import { check, root } from "./harness.ts";
import { direct, type RunningStore } from "./stores.ts";

const least = 5 * 1024 ** 2;

/** What the shared suite left: plaintext bytes of the parts, and the plaintext. A single PUT has no parts. */
const objects: readonly (readonly [string, readonly number[], Buffer])[] = [
	["object", [], sample(200_000)],
	["a/b c+ü%~'", [], Buffer.from("k")],
	["parts/library", [least, least, 70_001], sample(2 * least + 70_001, 3)],
	["parts/even", [least, least], sample(2 * least, 4)],
	[
		"parts/hand",
		[least, least, 7],
		Buffer.concat([sample(least, 7), sample(least, 8), sample(7, 5)]),
	],
	["copy/1", [], sample(200_000)],
];

/** The Python that has what the reader needs. */
function python(): string {
	return execFileSync(join(root, "scripts/interop/install-tink.sh"), {
		encoding: "utf8",
		stdio: ["ignore", "pipe", "inherit"],
	}).trim();
}

export async function readBack(
	group: string,
	store: RunningStore,
	bucket: string,
	keys: KeyProvider,
): Promise<void> {
	const script = join(root, "docs/readers/t1.py");
	const reader = python();
	const client = direct(store);
	for (const [key, parts, plaintext] of objects) {
		const got = await client.send(
			new GetObjectCommand({ Bucket: bucket, Key: key }),
		);
		const value = got.Metadata?.sealgate ?? "";
		const { keyId, wrappedKey } = readRecordHeader(value);
		const context = wrappingContext(bucket);
		const wrapping = await keys.unwrap(
			keyId,
			wrappedKey,
			context,
			AbortSignal.timeout(10_000),
		);
		const input = await bytesOf(got.Body);
		const hex = wrapping.toString("hex");
		const lengths = parts.length === 0 ? [] : [parts.join(",")];
		const read = (body: Buffer) =>
			spawnSync(reader, [script, hex, bucket, key, value, ...lengths], {
				input: body,
				maxBuffer: 64 * 1024 ** 2,
			});
		await check(group, `docs/readers/t1.py opens ${key}`, () => {
			const { status, stdout, stderr } = read(input);
			if (status !== 0) throw new Error(stderr.toString());
			return stdout.equals(plaintext);
		});
		await check(group, `and refuses ${key} cut`, () => {
			return read(input.subarray(0, -1)).status === 1;
		});
	}
}
