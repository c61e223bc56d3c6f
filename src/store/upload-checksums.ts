/** Checksums of uploads in parts, COMPOSITE and FULL_OBJECT. */
import type { HeaderMap } from "../http/headers.ts";
import type { S3Request } from "../pipeline.ts";
import { type ChecksumAlgorithm, checksumHeader } from "../s3/checksums.ts";
import {
	type CrcAlgorithm,
	combineCrc,
	compositeChecksum,
} from "../s3/multipart-checksums.ts";
import {
	byDefault,
	type ChecksumType,
	claimedAlgorithm,
	named,
	type StoredChecksum,
} from "./checksums.ts";
import { StoreError } from "./errors.ts";
import type { Written } from "./files.ts";

/** What an upload in parts was begun with. */
export interface UploadChecksum {
	readonly algorithm: ChecksumAlgorithm;
	readonly type: ChecksumType;
	/** Whether the client chose it: then its parts may claim no other. */
	readonly chosen: boolean;
}

const linear = new Set<ChecksumAlgorithm>(["crc32", "crc32c", "crc64nvme"]);

export function uploadChecksum(headers: HeaderMap): UploadChecksum {
	const chosen = named(headers.get("x-amz-checksum-algorithm"));
	const algorithm = chosen ?? byDefault;
	if (chosen === undefined && headers.has("x-amz-checksum-type")) {
		throw new StoreError(
			"InvalidRequest",
			{},
			"The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
		);
	}
	const type = (headers.get("x-amz-checksum-type") ??
		(algorithm === byDefault ? "FULL_OBJECT" : "COMPOSITE")) as ChecksumType;
	const possible =
		type === "FULL_OBJECT"
			? linear.has(algorithm)
			: type === "COMPOSITE" && algorithm !== byDefault;
	if (!possible) {
		throw new StoreError(
			"InvalidRequest",
			{},
			`The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
		);
	}
	return { algorithm, type, chosen: chosen !== undefined };
}

/** @throws StoreError where a part claims another checksum than its upload was begun with */
export function checkPart(upload: UploadChecksum, request: S3Request): void {
	const claimed = claimedAlgorithm(request);
	if (!upload.chosen || claimed === undefined) return;
	if (claimed === upload.algorithm) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		`Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm}, actual checksum Type: ${claimed}`,
	);
}

export function partsChecksum(
	{ algorithm, type }: UploadChecksum,
	parts: readonly Pick<Written, "checksum" | "size">[],
): StoredChecksum {
	const value =
		type === "COMPOSITE"
			? compositeChecksum(
					algorithm,
					parts.map((part) => part.checksum),
				)
			: combineCrc(
					algorithm as CrcAlgorithm,
					parts.map(({ checksum, size }) => ({
						digest: checksum,
						length: size,
					})),
				).toString("base64");
	return { algorithm, type, value };
}

/** @throws StoreError where a completion claims another kind of checksum, or says too little of a composite one */
export function checkCompletion(
	headers: HeaderMap,
	{ algorithm, type, chosen }: UploadChecksum,
	parts: readonly { readonly number: number; readonly checksum?: string }[],
): void {
	const claimed = headers.get("x-amz-checksum-type");
	if (claimed !== undefined && (!chosen || claimed !== type)) {
		throw new StoreError(
			"InvalidRequest",
			{},
			`The upload was created using the ${chosen ? type : "null"} checksum mode. The complete request must use the same checksum mode.`,
		);
	}
	if (!chosen || type !== "COMPOSITE") return;
	const silent = parts.find(({ checksum }) => checksum === undefined);
	if (silent === undefined) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		`The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${silent.number} in the request.`,
	);
}

/** @throws StoreError where the request claims another checksum of the whole object. A claim may leave the `-N` out. */
export function checkWhole(headers: HeaderMap, found: StoredChecksum): void {
	const claimed = headers.get(checksumHeader(found.algorithm));
	if (claimed === undefined) return;
	if (claimed === found.value || claimed === found.value.split("-")[0]) return;
	throw new StoreError(
		"BadDigest",
		{},
		`The ${found.algorithm} you specified did not match the calculated checksum.`,
	);
}
