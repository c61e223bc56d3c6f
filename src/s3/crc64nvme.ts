/**
 * CRC-64/NVME: reflected, polynomial 0xad93d23594c93659, all ones in and out; check value of "123456789" ae8b14860a799888.
 * NVM Express Base Specification, section on the 64b CRC. Ours, because the libraries at hand only finish asynchronously.
 */
const reflected = 0x9a6c9329ac4bc9b5n;
const high = new Uint32Array(256);
const low = new Uint32Array(256);
for (let byte = 0; byte < 256; byte++) {
	let value = BigInt(byte);
	for (let bit = 0; bit < 8; bit++) {
		value = value & 1n ? (value >> 1n) ^ reflected : value >> 1n;
	}
	high[byte] = Number(value >> 32n);
	low[byte] = Number(value & 0xffffffffn);
}

export class Crc64Nvme {
	#high = 0xffffffff;
	#low = 0xffffffff;

	update(chunk: Uint8Array): void {
		let upper = this.#high;
		let lower = this.#low;
		for (let index = 0; index < chunk.length; index++) {
			const entry = (lower ^ (chunk[index] as number)) & 0xff;
			lower = ((lower >>> 8) | (upper << 24)) ^ (low[entry] as number);
			upper = (upper >>> 8) ^ (high[entry] as number);
		}
		this.#high = upper;
		this.#low = lower;
	}

	/** Eight bytes, big-endian. */
	digest(): Buffer {
		const bytes = Buffer.alloc(8);
		bytes.writeUInt32BE(~this.#high >>> 0, 0);
		bytes.writeUInt32BE(~this.#low >>> 0, 4);
		return bytes;
	}
}
