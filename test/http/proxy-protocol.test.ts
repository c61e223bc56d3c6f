import { SocketAddress } from "node:net";
import fc from "fast-check";
import t from "tap";
import { parseProxyHeader } from "../../src/http/proxy-protocol.ts";

const rest = Buffer.from("GET / HTTP/1.1\r\n");

/** Written from the specification, not with the code under test. */
function binary(
	command: number,
	family: number,
	addresses: Buffer,
	more = Buffer.alloc(0),
): Buffer {
	const head = Buffer.from("0d0a0d0a000d0a515549540a00000000", "hex");
	head.writeUInt8(0x20 | command, 12);
	head.writeUInt8(family, 13);
	head.writeUInt16BE(addresses.length + more.length, 14);
	return Buffer.concat([head, addresses, more]);
}

const v4 = (source: string): Buffer =>
	Buffer.from([...source.split(".").map(Number), 127, 0, 0, 1, 1, 2, 3, 4]);
const text = (line: string): Buffer => Buffer.from(line, "latin1");

t.test("headers of both versions", async (t) => {
	const v6 = Buffer.concat([
		Buffer.from("20010db8000000000000000000000001", "hex"),
		Buffer.alloc(20),
	]);
	const cases: [string, Buffer, string | undefined][] = [
		["TCP4", text("PROXY TCP4 192.0.2.7 10.0.0.1 5000 443\r\n"), "192.0.2.7"],
		["TCP6", text("PROXY TCP6 2001:db8::1 ::1 5000 443\r\n"), "2001:db8::1"],
		["UNKNOWN", text("PROXY UNKNOWN\r\n"), undefined],
		["UNKNOWN, and more", text("PROXY UNKNOWN x y 1 2\r\n"), undefined],
		["2, IPv4", binary(1, 0x11, v4("192.0.2.7")), "192.0.2.7"],
		["2, IPv6", binary(1, 0x21, v6), "2001:db8::1"],
		[
			"2, TLVs",
			binary(1, 0x11, v4("192.0.2.7"), Buffer.alloc(99)),
			"192.0.2.7",
		],
		["2, Unix", binary(1, 0x31, Buffer.alloc(216)), undefined],
		["2, unspecified", binary(1, 0x00, Buffer.alloc(5)), undefined],
		["2, LOCAL", binary(0, 0x11, v4("192.0.2.7")), undefined],
	];
	for (const [name, header, source] of cases) {
		t.strictSame(
			parseProxyHeader(Buffer.concat([header, rest])),
			{ size: header.length, source },
			name,
		);
		for (let size = 0; size < header.length; size++) {
			const begun = header.subarray(0, size);
			if (parseProxyHeader(begun) !== undefined) t.fail(`${name} at ${size}`);
		}
	}
});

t.test("what is no header is refused at once", async (t) => {
	const cases: Record<string, Buffer> = {
		HTTP: rest,
		TLS: Buffer.from("1603010200", "hex"),
		"one wrong byte": text("PRoXY "),
		"no such family": text("PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n"),
		"IPv6 as TCP4": text("PROXY TCP4 ::1 ::1 1 2\r\n"),
		"no address": text("PROXY TCP4 nobody 10.0.0.1 1 2\r\n"),
		"a port too many": text("PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n"),
		"no such port": text("PROXY TCP4 192.0.2.7 10.0.0.1 1 65536\r\n"),
		"two spaces": text("PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n"),
		"no end in 107 bytes": text(`PROXY UNKNOWN ${"x".repeat(107)}\r\n`),
		"version 1 in binary": Buffer.from(
			"0d0a0d0a000d0a515549540a11110000",
			"hex",
		),
		"no such command": binary(2, 0x11, v4("192.0.2.7")),
		UDP: binary(1, 0x12, v4("192.0.2.7")),
		"too short for its family": binary(1, 0x11, Buffer.alloc(11)),
		"too long": binary(1, 0x11, Buffer.alloc(5000)),
	};
	for (const [name, bytes] of Object.entries(cases)) {
		t.throws(() => parseProxyHeader(bytes), /PROXY header/, name);
	}
});

t.test(
	"any address is read as it was written, wherever the bytes are cut",
	async () => {
		fc.assert(
			fc.property(
				fc.oneof(fc.ipV4(), fc.ipV6()),
				fc.boolean(),
				fc.uint8Array({ maxLength: 50 }),
				fc.nat(),
				(source, inBinary, tail, at) => {
					const six = source.includes(":");
					const bytesOf = (address: string): Buffer => {
						if (!six) return v4(address);
						// The groups as written out by Node's own parser of URLs.
						const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
						const [left = "", right] = host.split("::");
						const split = (part: string) => part.split(":").filter(Boolean);
						const tailGroups = right === undefined ? [] : split(right);
						const zeros = 8 - split(left).length - tailGroups.length;
						const groups = [
							...split(left),
							...Array.from(
								{ length: right === undefined ? 0 : zeros },
								() => "0",
							),
							...tailGroups,
						];
						const bytes = Buffer.alloc(36);
						for (const [index, group] of groups.entries()) {
							bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
						}
						return bytes;
					};
					const header = inBinary
						? binary(1, six ? 0x21 : 0x11, bytesOf(source))
						: text(`PROXY TCP${six ? 6 : 4} ${source} ${source} 1 2\r\n`);
					const whole = Buffer.concat([header, tail]);
					const cut = whole.subarray(0, at % header.length);
					const found = parseProxyHeader(whole);
					const same = (address: string) =>
						new SocketAddress({ address, family: six ? "ipv6" : "ipv4" })
							.address;
					return (
						parseProxyHeader(cut) === undefined &&
						found?.size === header.length &&
						same(found.source ?? "") === same(source)
					);
				},
			),
		);
	},
);

t.test("no bytes are read past their end, or make it hang", async () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
			try {
				const found = parseProxyHeader(Buffer.from(bytes));
				return found === undefined || found.size <= bytes.length;
			} catch (error) {
				return /PROXY header/.test((error as Error).message);
			}
		}),
	);
});
