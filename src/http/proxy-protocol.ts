/**
 * The header by which a proxy of connections tells who is behind it, versions 1 and 2.
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt
 */
import { isIPv4, isIPv6, SocketAddress } from "node:net";

export interface ProxyHeader {
	/** Bytes of the header; what follows is the client's. */
	readonly size: number;
	/** IP address of the client. Undefined where the proxy speaks for itself, or does not know. */
	readonly source: string | undefined;
}

const signature = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const longestText = 107;
/** Bytes behind the fixed 16 of version 2: the addresses, and what the proxy may tell besides. */
const longestBinary = 4096;

/**
 * @returns undefined where more bytes are needed to tell
 * @throws Error where the bytes can never become a header
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
	const start = bytes.subarray(0, signature.length);
	if (start.equals(signature.subarray(0, start.length))) {
		return bytes.length < 16 ? undefined : parseBinary(bytes);
	}
	return parseText(bytes);
}

function parseText(bytes: Buffer): ProxyHeader | undefined {
	const text = bytes.subarray(0, longestText).toString("latin1");
	const end = text.indexOf("\r\n");
	if (!"PROXY ".startsWith(text.slice(0, 6))) throw malformed();
	if (end < 0) {
		if (bytes.length >= longestText) throw malformed();
		return undefined;
	}
	const size = end + 2;
	const fields = text.slice(0, end).split(" ");
	const [, family, source = "", destination = ""] = fields;
	if (family === "UNKNOWN") return { size, source: undefined };
	const isAddress = { TCP4: isIPv4, TCP6: isIPv6 }[family ?? ""];
	const ports = fields.slice(4);
	if (
		isAddress === undefined ||
		!isAddress(source) ||
		!isAddress(destination) ||
		ports.length !== 2 ||
		!ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65_535)
	) {
		throw malformed();
	}
	return { size, source };
}

function parseBinary(bytes: Buffer): ProxyHeader | undefined {
	const [version, command] = [
		bytes.readUInt8(12) >> 4,
		bytes.readUInt8(12) & 15,
	];
	const family = bytes.readUInt8(13);
	const length = bytes.readUInt16BE(14);
	if (version !== 2 || command > 1 || length > longestBinary) throw malformed();
	const size = 16 + length;
	if (bytes.length < size) return undefined;
	const addresses = bytes.subarray(16, size);
	// LOCAL: the proxy asks on its own behalf, to see whether we are well.
	if (command === 0 || family === 0x00) return { size, source: undefined };
	if (family === 0x11 && length >= 12) {
		return { size, source: addresses.subarray(0, 4).join(".") };
	}
	if (family === 0x21 && length >= 36) {
		const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) =>
			addresses.readUInt16BE(at).toString(16),
		);
		const { address } = new SocketAddress({
			address: groups.join(":"),
			family: "ipv6",
		});
		return { size, source: address };
	}
	// A client on a Unix socket of the proxy has no address.
	if (family === 0x31 && length >= 216) return { size, source: undefined };
	throw malformed();
}

function malformed(): Error {
	return new Error("the connection does not begin with a PROXY header");
}
