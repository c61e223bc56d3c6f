/**
 * A keyring as text, three lines: `sealgate-keyring/1`; one JSON document; HMAC-SHA256, in hex, of both lines with their
 * line ends, under a key derived from the root key. Read in two steps: what names the slots first, the rest once the
 * MAC is proven. docs/keyring.md, "The file".
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { keyBytes } from "../crypto/secret-key.ts";
import { SealgateError } from "../errors.ts";
import type { Keyring } from "./keyring.ts";
import { pbkdf2Limits, scryptLimits, type UnlockSlot } from "./unlock-slot.ts";

export const longestText = 1_048_576;

const firstLine = "sealgate-keyring/1";
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const time = z.iso.datetime();
const natural = z.number().int().positive();

const slots = z
	.array(
		z.strictObject({
			derivation: z.discriminatedUnion("name", [
				z.strictObject({
					name: z.literal("scrypt"),
					n: z
						.number()
						.min(scryptLimits.least)
						.max(scryptLimits.most)
						.refine((n) => Number.isInteger(Math.log2(n))),
					r: z.literal(8),
					p: z.literal(1),
				}),
				z.strictObject({
					name: z.literal("pbkdf2-sha256"),
					iterations: natural.min(pbkdf2Limits.least).max(pbkdf2Limits.most),
				}),
				z.strictObject({ name: z.literal("key-file") }),
			]),
			salt: base64,
			root: base64,
		}),
	)
	.min(1)
	.max(8);

const document = z.strictObject({
	id: z.uuid(),
	generation: natural,
	created: time,
	slots,
	aliases: z.record(z.string(), z.uuid()),
	keys: z.array(
		z.strictObject({
			id: z.uuid(),
			state: z.enum(["enabled", "disabled", "pending-deletion", "destroyed"]),
			created: time,
			deletionAt: time.optional(),
			rotateEvery: natural.optional(),
			versions: z.array(
				z.strictObject({ version: natural, created: time, material: base64 }),
			),
		}),
	),
});

/** What may be believed before the MAC is proven: enough to find the root key. */
export interface LockedText {
	readonly id: string;
	readonly slots: readonly UnlockSlot[];
	/** @throws SealgateError `keyring-damaged` where the root key does not prove the text */
	unlock(root: Uint8Array): Keyring;
}

export function writeKeyring(
	ring: Keyring,
	slots: readonly UnlockSlot[],
	root: Uint8Array,
): string {
	const signed = `${firstLine}\n${JSON.stringify({ ...ring, slots })}\n`;
	return `${signed}${mac(root, signed).toString("hex")}\n`;
}

/** @throws SealgateError `keyring-damaged` */
export function readKeyring(text: string): LockedText {
	const [first = "", body = "", macLine = "", last, ...more] = text.split("\n");
	if (first !== firstLine && /^sealgate-keyring\/\d+$/.test(first)) {
		throw damaged(`it is of version ${first.slice(17)}, which is not known`);
	}
	if (first !== firstLine || last !== "" || more.length > 0) {
		throw damaged("it is not three lines of a keyring");
	}
	if (!/^[0-9a-f]{64}$/.test(macLine)) throw damaged("it is cut short");
	const { slots, ...ring } = parse(body);
	return {
		id: ring.id,
		slots,
		unlock(root) {
			const right = mac(root, `${first}\n${body}\n`);
			if (!timingSafeEqual(right, Buffer.from(macLine, "hex"))) {
				throw damaged("it was altered");
			}
			return ring;
		},
	};
}

function parse(body: string): z.infer<typeof document> {
	let json: unknown;
	try {
		json = JSON.parse(body);
	} catch (error) {
		throw damaged("its second line is not JSON", error);
	}
	const parsed = document.safeParse(json);
	if (parsed.success) return parsed.data;
	const [issue] = parsed.error.issues;
	throw damaged(`${issue?.path.join(".")}: ${issue?.message}`, parsed.error);
}

function mac(root: Uint8Array, signed: string): Buffer {
	const key = Buffer.from(
		hkdfSync("sha256", root, "", "sealgate/keyring mac/1", keyBytes),
	);
	return createHmac("sha256", key).update(signed).digest();
}

function damaged(what: string, cause?: unknown): SealgateError {
	return new SealgateError(
		"keyring-damaged",
		`The keyring cannot be trusted: ${what}. Restore it from a backup.`,
		{ cause },
	);
}
