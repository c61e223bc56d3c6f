/** The rows of `bench/micro/run.ts`. Contenders of a row give the same result, or the row is not timed. */
import {
	createCipheriv,
	createHash,
	createSecretKey,
	randomBytes,
	webcrypto,
} from "node:crypto";
import { crc32 } from "node:zlib";
import { gcm } from "@noble/ciphers/aes.js";
import { defaultFormat } from "../../src/crypto/formats.ts";
import { decodeRecord, encodeRecord } from "../../src/crypto/record.ts";
import { createChecksum } from "../../src/s3/checksums.ts";
import { parseXml, renderXml } from "../../src/s3/xml.ts";
import { parseAuthentication } from "../../src/sigv4/authentication.ts";
import { AwsChunkedDecoder } from "../../src/sigv4/chunked-decoder.ts";
import { sign } from "../../src/sigv4/sign.ts";
import { verifySignature } from "../../src/sigv4/verify.ts";

export interface MicroRow {
	readonly name: string;
	/** Bytes that one call works on; undefined: the figure is microseconds a call. */
	readonly bytes?: number;
	readonly calls: number;
	/** Each returns what tells whether it agrees. */
	readonly contenders: Readonly<Record<string, () => unknown>>;
}

const key = randomBytes(32);
const nonce = randomBytes(12);
const secret = createSecretKey(key);
const imported = await webcrypto.subtle.importKey(
	"raw",
	key,
	"AES-GCM",
	false,
	["encrypt"],
);

function seal(bytes: number): MicroRow {
	const plain = randomBytes(bytes);
	return {
		name: `AES-256-GCM, ${bytes / 1024} KiB`,
		bytes,
		calls: Math.max(4, Math.round(2 ** 21 / bytes)),
		contenders: {
			"node:crypto": () => {
				const cipher = createCipheriv("aes-256-gcm", secret, nonce);
				const text = cipher.update(plain);
				cipher.final();
				return Buffer.concat([text, cipher.getAuthTag()]);
			},
			WebCrypto: async () =>
				Buffer.from(
					await webcrypto.subtle.encrypt(
						{ name: "AES-GCM", iv: nonce },
						imported,
						plain,
					),
				),
			"@noble/ciphers": () => Buffer.from(gcm(key, nonce).encrypt(plain)),
		},
	};
}

const block = randomBytes(1024 * 1024);

function checksum(name: Parameters<typeof createChecksum>[0]): MicroRow {
	const ours = () => {
		const sum = createChecksum(name);
		sum.update(block);
		return sum.digest();
	};
	const plain: Record<string, () => unknown> = {};
	if (name === "sha256" || name === "md5")
		plain["node:crypto"] = () => createHash(name).update(block).digest();
	if (name === "crc32") {
		plain["node:zlib"] = () => {
			const bytes = Buffer.alloc(4);
			bytes.writeUInt32BE(crc32(block));
			return bytes;
		};
	}
	return {
		name,
		bytes: block.length,
		calls: 8,
		contenders: { "s3/checksums.ts": ours, ...plain },
	};
}

function chunked(): MicroRow {
	const framed = Buffer.concat([
		Buffer.from(`${block.length.toString(16)}\r\n`),
		block,
		Buffer.from("\r\n0\r\n\r\n"),
	]);
	const decode = (step: number) => () => {
		let sum = 0;
		const decoder = new AwsChunkedDecoder({
			signed: false,
			decodedLength: block.length,
			emit: (piece) => {
				sum = crc32(piece, sum);
				return true;
			},
		});
		for (let at = 0; at < framed.length; at += step)
			decoder.write(framed.subarray(at, at + step));
		decoder.end();
		return sum;
	};
	return {
		name: "aws-chunked decoding and CRC32, by what one read brings",
		bytes: block.length,
		calls: 8,
		contenders: {
			"64 KiB": decode(65_536),
			"16 KiB": decode(16_384),
			"the CRC32 alone": () => crc32(block),
		},
	};
}

const credentials = { accessKeyId: "KEY", secretAccessKey: "secret" };
const now = new Date();
const request = {
	method: "GET",
	path: "/bucket/some/key",
	query: [],
	headers: new Map([
		["host", "127.0.0.1:9000"],
		["x-amz-meta-a", "1"],
	]),
};
const signing = {
	credentials,
	region: "us-east-1",
	payloadHash: "UNSIGNED-PAYLOAD",
	now,
};
const signed = sign(request, signing);

function verify(): string {
	const head = { ...request, headers: signed.headers };
	const found = parseAuthentication(head);
	if (found === undefined) throw new Error("not signed");
	verifySignature(head, found, {
		secretAccessKeys: ["secret"],
		region: undefined,
		now,
	});
	return found.signature;
}

const entries = Array.from(
	{ length: 1_000 },
	(_, index) =>
		`<Contents><Key>photos/${index}</Key><LastModified>2026-11-25T00:00:00.000Z</LastModified><ETag>&quot;${"0".repeat(32)}&quot;</ETag><Size>156</Size><StorageClass>STANDARD</StorageClass></Contents>`,
);
const listing = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult>${entries.join("")}</ListBucketResult>`;

const record = {
	format: defaultFormat,
	keyId: "alias/bench",
	objectScope: false,
	nonce: randomBytes(16),
	commitment: randomBytes(28),
	single: { plaintext: 4_096, header: randomBytes(40) },
	sealedKey: randomBytes(80),
	wrappedKey: randomBytes(120),
};
const encoded = encodeRecord(record);

export const rows: readonly MicroRow[] = [
	seal(4 * 1024),
	seal(64 * 1024),
	seal(256 * 1024),
	seal(1024 * 1024),
	checksum("crc32"),
	checksum("crc32c"),
	checksum("crc64nvme"),
	checksum("sha256"),
	checksum("md5"),
	chunked(),
	{
		name: "SigV4",
		calls: 2_000,
		contenders: { sign: () => sign(request, signing).seed.signature, verify },
	},
	{
		name: "listing of 1,000 keys, read and written",
		calls: 4,
		contenders: { "s3/xml.ts": () => renderXml(parseXml(listing)) },
	},
	{
		name: "metadata record",
		calls: 5_000,
		contenders: {
			encode: () => encodeRecord(record),
			"decode and encode": () => encodeRecord(decodeRecord(encoded)),
		},
	},
];
