/** The certificate of the listener, read and proven to be usable before anything serves it. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { dirname, resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { Report } from "./cross-checks.ts";
import type { Config } from "./schema.ts";

/** PEM data. */
export interface ListenerTls {
	/** The certificate, then those between it and the root. */
	readonly cert: Buffer;
	readonly key: Buffer;
	/** Who signs the certificates of clients; where it is given, a client without one is refused. */
	readonly clientCa: Buffer | undefined;
}

type Field = "cert" | "key" | "clientCa";

/**
 * Reports what cannot be read, parsed or used together.
 * @param from the configuration's file: names are relative to its folder
 * @param read gives the content of each file
 */
export function loadListenerTls(
	configured: Config["tls"],
	from: string,
	read: (file: string) => Buffer,
	report: Report,
): ListenerTls | undefined {
	if (configured === undefined) return undefined;
	const contentOf = (field: Field): Buffer | undefined => {
		const name = configured[field];
		if (name === undefined) return undefined;
		try {
			return read(resolve(dirname(from), name));
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			report(["tls", field], `the file ${name} cannot be read (${code})`);
			return undefined;
		}
	};
	const cert = contentOf("cert");
	const key = contentOf("key");
	const clientCa = contentOf("clientCa");
	const wrong = (field: Field, what: string): undefined =>
		report(
			["tls", field],
			`the file ${configured[field]} ${what}`,
		) as undefined;
	const leaf = cert && (certificate(cert) ?? wrong("cert", notCertificate));
	const secret = key && (privateKey(key) ?? wrong("key", notKey));
	if (clientCa && certificate(clientCa) === undefined) {
		wrong("clientCa", notCertificate);
		return undefined;
	}
	if (cert === undefined || key === undefined || !leaf || !secret) {
		return undefined;
	}
	if (!leaf.checkPrivateKey(secret)) {
		return wrong(
			"key",
			`is not the key of the certificate in ${configured.cert}`,
		);
	}
	try {
		createSecureContext({ cert, key, ca: clientCa, minVersion: "TLSv1.2" });
	} catch (error) {
		return wrong("cert", `cannot be served: ${(error as Error).message}`);
	}
	return { cert, key, clientCa };
}

const notCertificate = "holds no certificate in PEM";
const notKey = "holds no private key in PEM, or one behind a passphrase";

function certificate(pem: Buffer): X509Certificate | undefined {
	try {
		return new X509Certificate(pem);
	} catch {
		return undefined;
	}
}

function privateKey(pem: Buffer): KeyObject | undefined {
	try {
		return createPrivateKey(pem);
	} catch {
		return undefined;
	}
}
