/** Who is at the other end: the client itself, or a proxy that is trusted to say who its client is. */
import type { IncomingMessage, Server } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";
import { TLSSocket, Server as TlsServer } from "node:tls";
import { readProxyHeader } from "./read-proxy-header.ts";

export interface PeerOptions {
	/** Addresses and ranges in CIDR notation; `unix` is whoever reaches the Unix socket. */
	readonly trusted: readonly string[];
	/** Whether connections of trusted peers begin with a PROXY header. */
	readonly proxyProtocol: boolean;
	/** Whether a trusted peer's `X-Forwarded-Proto` says how the client speaks to it. */
	readonly forwardedProto: boolean;
	/** Milliseconds for a PROXY header. */
	readonly time: number;
}

export interface Peer {
	/** The client's IP address; empty on a Unix socket. */
	readonly remoteAddress: string;
	/** Whether the client speaks TLS, to us or to the trusted proxy before us. */
	readonly secure: boolean;
}

export class Peers {
	readonly #options: PeerOptions;
	readonly #trusts: (address: string) => boolean;
	/** Who is behind a proxied connection, by the proxy's address and port: TLS gives no other hold on the connection. */
	readonly #behind = new Map<string, string>();

	constructor(options: PeerOptions) {
		this.#options = options;
		this.#trusts = trustOf(options.trusted);
	}

	/** Of one request. Never throws: a field that is no address ends the search at the one before it. */
	of(request: IncomingMessage): Peer {
		const { socket, headers } = request;
		const peer = addressOf(socket.remoteAddress);
		const proxied = this.#behind.get(nameOf(socket)) ?? peer;
		const secure = socket instanceof TLSSocket;
		if (!this.#trusts(proxied)) return { remoteAddress: proxied, secure };
		const forwarded = headers["x-forwarded-proto"];
		return {
			remoteAddress: this.#client(
				proxied,
				String(headers["x-forwarded-for"] ?? ""),
			),
			secure:
				this.#options.forwardedProto && forwarded !== undefined
					? String(forwarded).toLowerCase() === "https"
					: secure,
		};
	}

	/** Of a connection. */
	addressOf(socket: Socket): string {
		return this.#behind.get(nameOf(socket)) ?? addressOf(socket.remoteAddress);
	}

	/** Lets `server` see a proxied connection only once its PROXY header is read. Call it before `listen`. */
	readHeaders(server: Server): void {
		if (!this.#options.proxyProtocol) return;
		const accept = server.listeners("connection");
		server.removeAllListeners("connection");
		server.on("connection", (socket: Socket) => {
			const hand = (): void => {
				for (const listener of accept) listener.call(server, socket);
			};
			if (!this.#trusts(addressOf(socket.remoteAddress))) return hand();
			readProxyHeader(socket, this.#options.time, (source) => {
				this.#remember(socket, source);
				hand();
				// TLS reads from below the socket: one that flows would take the bytes away from it.
				if (!(server instanceof TlsServer)) socket.resume();
			});
		});
	}

	#remember(socket: Socket, source: string | undefined): void {
		if (source === undefined) return;
		const name = nameOf(socket);
		this.#behind.set(name, addressOf(source));
		socket.once("close", () => this.#behind.delete(name));
	}

	/** The last address in the list that no trusted proxy has: what stands before it, anybody can have written. */
	#client(peer: string, list: string): string {
		let client = peer;
		for (const entry of list.split(",").reverse()) {
			const address = addressOf(withoutPort(entry.trim()));
			if (isIP(address) === 0) return client;
			client = address;
			if (!this.#trusts(address)) return client;
		}
		return client;
	}
}

function trustOf(trusted: readonly string[]): (address: string) => boolean {
	const list = new BlockList();
	for (const entry of trusted) {
		if (entry === "unix") continue;
		const [address = "", bits] = entry.split("/");
		const family = isIP(address) === 6 ? "ipv6" : "ipv4";
		if (bits === undefined) list.addAddress(address, family);
		else list.addSubnet(address, Number(bits), family);
	}
	const unix = trusted.includes("unix");
	return (address) =>
		address === ""
			? unix
			: list.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** An IPv4 address that came over an IPv6 listener is an IPv4 address. */
function addressOf(address: string | undefined): string {
	return (address ?? "").replace(/^::ffff:(?=[\d.]+$)/i, "");
}

function withoutPort(entry: string): string {
	return entry
		.replace(/^\[(.*)\](:\d+)?$/, "$1")
		.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
}

function nameOf(socket: Socket): string {
	return `${socket.remoteAddress} ${socket.remotePort}`;
}
