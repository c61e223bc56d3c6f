/** The key that signs checkpoints: a private file of its own, never beside the log. */
import {
	createPrivateKey,
	generateKeyPairSync,
	type KeyObject,
} from "node:crypto";
import { createPrivateFile, readPrivateFile } from "../keys/private-file.ts";

/** Longest file that can hold an Ed25519 key, in bytes. */
const longest = 4_096;

/** Makes a key in a file that is not there yet, PKCS #8 in PEM, mode 0600. */
export async function createSigningKey(path: string): Promise<KeyObject> {
	const { privateKey } = generateKeyPairSync("ed25519");
	const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
	await createPrivateFile(path, pem);
	return privateKey;
}

/** @throws Error where the text is no such key */
export function signingKeyOf(pem: string | Buffer): KeyObject {
	let key: KeyObject | undefined;
	try {
		key = createPrivateKey(pem);
	} catch {
		// The reason of a parser may quote what it read.
	}
	if (key?.asymmetricKeyType === "ed25519") return key;
	throw new Error(
		'not an Ed25519 private key in PEM: "sealgate audit key create FILE" makes one',
	);
}

/** @throws SealgateError where the file is missing or others can read it; Error where it holds no Ed25519 key */
export async function readSigningKey(path: string): Promise<KeyObject> {
	const pem = await readPrivateFile(path, longest);
	try {
		return signingKeyOf(pem);
	} finally {
		pem.fill(0);
	}
}
