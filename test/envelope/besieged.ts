/** A gateway whose store is hostile, and what an attacker does with the objects that it holds. */
import { GetObjectCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import type { Test } from "tap";
import type { DecryptionReason } from "../../src/crypto/decryption-error.ts";
import { type Attempt, attempt } from "./attempt.ts";
import { bytesOf } from "./content.ts";
import {
	type HostileStore,
	type Kept,
	startHostileStore,
} from "./hostile-store.ts";
import { type Sealed, startSealed } from "./setup.ts";

export interface Besieged extends Sealed {
	readonly hostile: HostileStore;
	/** An object as the honest store keeps it. */
	capture(key: string): Promise<Kept>;
	/** A read through the gateway, and the reason that the log has of it. */
	read(key: string, how?: How): Promise<Attempt & { readonly reason: string }>;
}

export interface How {
	readonly method?: string;
	readonly query?: string;
	readonly headers?: Record<string, string>;
}

export async function startBesieged(t: Test, options = ""): Promise<Besieged> {
	let hostile: HostileStore | undefined;
	const sealed = await startSealed(t, options, {
		authentication: "trust",
		async between(honest) {
			hostile = await startHostileStore(honest);
			return hostile.endpoint;
		},
	});
	t.teardown(() => hostile?.close());
	const { store, bucket, gateway } = sealed;
	return {
		...sealed,
		hostile: hostile as HostileStore,
		async capture(Key) {
			const at = { Bucket: bucket, Key };
			const got = await store.send(new GetObjectCommand(at));
			const body = await bytesOf(got.Body);
			const count = Number(/-(\d+)"$/.exec(got.ETag ?? "")?.[1] ?? 0);
			const parts: number[] = [];
			while (parts.length < count) {
				const part = { ...at, PartNumber: parts.length + 1 };
				const seen = await store.send(new HeadObjectCommand(part));
				parts.push(seen.ContentLength as number);
			}
			const metadata = Object.entries(got.Metadata ?? {}).map(
				([name, value]) => [`x-amz-meta-${name}`, value],
			);
			const headers = {
				"content-type": got.ContentType as string,
				"last-modified": got.LastModified?.toUTCString() as string,
				etag: got.ETag as string,
				...Object.fromEntries(metadata),
			};
			return { headers, body, parts: count === 0 ? undefined : parts };
		},
		async read(key, { query = "", ...how } = {}) {
			const path = `/${bucket}/${key}${query}`;
			const answer = await attempt(gateway.endpoint, path, how);
			const told = gateway.outcomes.at(-1)?.exchange.findings;
			return { ...answer, reason: told?.reason ?? "" };
		},
	};
}

/**
 * Asserts that a read was refused: by the one answer that all decryption failures have, or by a connection cut behind
 * bytes of `content` that were proven. The log has the reason.
 */
export function refused(
	t: Test,
	answer: Attempt & { readonly reason: string },
	reasons: DecryptionReason | readonly DecryptionReason[],
	content: Buffer,
	what: string,
): void {
	const [reason] = answer.reason.split(":");
	t.ok(
		[reasons].flat().includes(reason as DecryptionReason),
		`${what}: the log says why: ${answer.reason}`,
	);
	if (answer.cut) {
		t.ok(
			content.subarray(0, answer.body.length).equals(answer.body),
			`${what}: ${answer.body.length} bytes, all of the object`,
		);
		return;
	}
	t.equal(answer.status, 403, `${what}: 403`);
	const text = answer.body.toString();
	if (text === "") return;
	t.match(text, /<Code>DecryptionFailed<\/Code>/);
	t.notOk(text.includes(`${reason}:`), "and the client is not told");
}
