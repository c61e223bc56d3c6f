/** Checksums that objects keep. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
import type { S3Request } from "../pipeline.ts";
import {
	type ChecksumAlgorithm,
	checksumAlgorithms,
	checksumHeader,
	checksumOf,
} from "../s3/checksums.ts";
import { StoreError } from "./errors.ts";
import type { Written } from "./files.ts";

export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

export interface StoredChecksum {
	readonly algorithm: ChecksumAlgorithm;
	readonly type: ChecksumType;
	/** Base64; a composite one with `-N` behind it. */
	readonly value: string;
}

/** S3's own since December 2024, for whoever asks for none. */
export const byDefault = "crc64nvme";
/** The algorithm that the request claims or names. */
export function claimedAlgorithm({
	body,
	headers,
}: S3Request): ChecksumAlgorithm | undefined {
	const claimed = body?.checksum?.header;
	return claimed === undefined
		? named(headers.get("x-amz-checksum-algorithm"))
		: checksumOf(claimed);
}

export function named(name: string | undefined): ChecksumAlgorithm | undefined {
	if (name === undefined) return undefined;
	const found = checksumAlgorithms.find(
		(algorithm) => algorithm === name.toLowerCase(),
	);
	if (found !== undefined) return found;
	throw new StoreError(
		"InvalidRequest",
		{},
		"Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
	);
}

export function algorithmFor(request: S3Request): ChecksumAlgorithm {
	return claimedAlgorithm(request) ?? byDefault;
}

export function wholeChecksum(
	algorithm: ChecksumAlgorithm,
	written: Written,
): StoredChecksum {
	const value = written.checksum.toString("base64");
	return { algorithm, type: "FULL_OBJECT", value };
}

/** As the answers of writes and reads have it. */
export function checksumHeaders(
	found: StoredChecksum | undefined,
): Record<string, string> {
	if (found === undefined) return {};
	return {
		[checksumHeader(found.algorithm)]: found.value,
		"x-amz-checksum-type": found.type,
	};
}
