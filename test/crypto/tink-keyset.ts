/**
 * A data key as Tink's cleartext JSON keyset. The key is a protobuf (AesGcmHkdfStreamingKey): params { ciphertext
 * segment size, derived key size 32, HKDF hash SHA256 }, then the key bytes.
 */
export function tinkKeyset(dataKey: Buffer, segmentBytes: number) {
	const params = Buffer.concat([
		Buffer.of(0x08),
		varint(segmentBytes + 16),
		Buffer.from("10201803", "hex"),
	]);
	const key = Buffer.concat([
		Buffer.of(0x12, params.length),
		params,
		Buffer.of(0x1a, dataKey.length),
		dataKey,
	]);
	const keyData = {
		typeUrl: "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
		value: key.toString("base64"),
		keyMaterialType: "SYMMETRIC",
	};
	return {
		primaryKeyId: 1,
		key: [{ keyData, status: "ENABLED", keyId: 1, outputPrefixType: "RAW" }],
	};
}

function varint(value: number): Buffer {
	const bytes: number[] = [];
	for (let rest = value; ; rest >>>= 7) {
		if (rest < 128) return Buffer.of(...bytes, rest);
		bytes.push((rest & 127) | 128);
	}
}
