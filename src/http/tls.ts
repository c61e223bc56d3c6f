/** TLS of the listener. */
import type { Server } from "node:http";
import type { ServerOptions } from "node:https";
import { Server as TlsServer } from "node:tls";

/** PEM data. */
export interface TlsIdentity {
	readonly cert: Buffer;
	readonly key: Buffer;
	/** Where it is given, only clients with a certificate from it are served. */
	readonly clientCa: Buffer | undefined;
}

/**
 * TLS 1.2 or newer; HTTP/1.1 is all that is spoken, so a client that wants HTTP/2 alone gets the alert of RFC 7301.
 * @param handshakeTime milliseconds
 */
export function tlsOptions(
	identity: TlsIdentity,
	handshakeTime: number,
): ServerOptions {
	return {
		...contextOf(identity),
		ALPNProtocols: ["http/1.1"],
		handshakeTimeout: handshakeTime,
		requestCert: identity.clientCa !== undefined,
		rejectUnauthorized: true,
	};
}

/** From the next handshake on; connections that stand are not touched. */
export function renewIdentity(
	server: Server | TlsServer,
	identity: TlsIdentity,
): void {
	if (server instanceof TlsServer) server.setSecureContext(contextOf(identity));
}

function contextOf({ cert, key, clientCa }: TlsIdentity) {
	return {
		cert,
		key,
		...(clientCa && { ca: clientCa }),
		minVersion: "TLSv1.2" as const,
	};
}
