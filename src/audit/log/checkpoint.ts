/**
 * Signed checkpoints: what the log's owner says the log was at one moment.
 * C2SP `tlog-checkpoint` in a C2SP `signed-note` with Ed25519, so that witnesses and tools of others read it.
 */
import {
	createHash,
	createPublicKey,
	type KeyObject,
	sign,
	verify,
} from "node:crypto";

export interface Checkpoint {
	/** Name of the log, without white space or `+`. */
	readonly origin: string;
	/** Lines that it covers. */
	readonly size: number;
	/** Root of the tree over them: 32 bytes. */
	readonly root: Buffer;
}

export type CheckpointTrouble = "malformed" | "other-log" | "bad-signature";

/** The 32 bytes of an Ed25519 public key, in base64. */
export function publicKeyText(key: KeyObject): string {
	const { x } = key.export({ format: "jwk" }) as { x: string };
	return Buffer.from(x, "base64url").toString("base64");
}

/** @throws Error where the text is not 32 bytes of base64 */
export function publicKeyOf(text: string): KeyObject {
	const bytes = Buffer.from(text, "base64");
	if (bytes.length !== 32 || bytes.toString("base64") !== text) {
		throw new Error("a public key is 32 bytes in base64");
	}
	const x = bytes.toString("base64url");
	return createPublicKey({
		format: "jwk",
		key: { kty: "OKP", crv: "Ed25519", x },
	});
}

/** The first four bytes of SHA-256 over name, line feed, algorithm 1 and public key. C2SP signed-note, "Key ID". */
function keyHint(origin: string, publicKey: string): Buffer {
	return createHash("sha256")
		.update(`${origin}\n`)
		.update(Uint8Array.of(1))
		.update(Buffer.from(publicKey, "base64"))
		.digest()
		.subarray(0, 4);
}

function bodyOf({ origin, size, root }: Checkpoint): string {
	return `${origin}\n${size}\n${root.toString("base64")}\n`;
}

/** The note: body, empty line, signature line. */
export function signCheckpoint(
	checkpoint: Checkpoint,
	privateKey: KeyObject,
): string {
	const body = bodyOf(checkpoint);
	const publicKey = publicKeyText(createPublicKey(privateKey));
	const signature = Buffer.concat([
		keyHint(checkpoint.origin, publicKey),
		sign(null, Buffer.from(body), privateKey),
	]);
	return `${body}\n\u2014 ${checkpoint.origin} ${signature.toString("base64")}\n`;
}

const shape =
	/^(?<origin>[^\s+]+)\n(?<size>0|[1-9]\d{0,15})\n(?<root>[A-Za-z0-9+/]{43}=)\n\n(?<signatures>(?:\u2014 [^\s+]+ [A-Za-z0-9+/]+={0,2}\n)+)$/;

/** What a note says, and what is wrong with it. Signatures by other keys, such as a witness's, are left alone. */
export function readCheckpoint(
	note: string,
	origin: string,
	publicKey: string,
): Checkpoint | CheckpointTrouble {
	const groups = shape.exec(note)?.groups;
	if (groups === undefined) return "malformed";
	if (groups.origin !== origin) return "other-log";
	const checkpoint = {
		origin,
		size: Number(groups.size),
		root: Buffer.from(groups.root as string, "base64"),
	};
	const body = Buffer.from(bodyOf(checkpoint));
	const hint = keyHint(origin, publicKey);
	const key = publicKeyOf(publicKey);
	const signed = (groups.signatures as string)
		.trimEnd()
		.split("\n")
		.map((line) => line.split(" ") as [string, string, string])
		.filter(([, name]) => name === origin)
		.map(([, , signature]) => Buffer.from(signature, "base64"))
		.some(
			(bytes) =>
				bytes.length === 68 &&
				bytes.subarray(0, 4).equals(hint) &&
				verify(null, body, key, bytes.subarray(4)),
		);
	return signed ? checkpoint : "bad-signature";
}
