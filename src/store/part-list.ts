/** The list of parts that a completion names, against the parts that are there. Pure. */
import type { S3Request } from "../pipeline.ts";
import { children, childText, parseXml } from "../s3/xml.ts";
import { StoreError } from "./errors.ts";
import type { Part, Upload } from "./uploads.ts";

export interface Listed {
	readonly number: number;
	readonly etag: string;
	readonly checksum?: string;
}

/** @throws StoreError */
export function readList(
	request: S3Request,
	upload: Upload,
): readonly Listed[] {
	const root = parseXml(request.body?.content ?? "");
	const named = `Checksum${upload.checksum.algorithm.toUpperCase()}`;
	const listed = children(root, "Part").map((part) => {
		const checksum = childText(part, named);
		return {
			number: Number(childText(part, "PartNumber")),
			etag: (childText(part, "ETag") ?? "").replaceAll('"', ""),
			...(checksum === undefined ? {} : { checksum }),
		};
	});
	if (listed.length === 0) {
		const message = "You must specify at least one part";
		throw new StoreError("InvalidRequest", {}, message);
	}
	const disordered = listed.some(
		({ number }, index) => number <= (listed[index - 1]?.number ?? 0),
	);
	if (disordered) {
		throw new StoreError("InvalidPartOrder", { UploadId: upload.id });
	}
	return listed;
}

/** @param least bytes that the part must have @throws StoreError */
export function checkListed(
	upload: Upload,
	{ number, etag, checksum }: Listed,
	least: number,
): Part {
	const part = upload.parts.get(number);
	const same =
		part?.etag === etag && (checksum ?? part.checksum) === part.checksum;
	if (part === undefined || !same) {
		throw new StoreError("InvalidPart", {
			ETag: etag,
			PartNumber: String(number),
			UploadId: upload.id,
		});
	}
	if (part.size >= least) return part;
	throw new StoreError("EntityTooSmall", {
		ETag: etag,
		MinSizeAllowed: String(least),
		PartNumber: String(number),
		ProposedSize: String(part.size),
	});
}

/** @param claimed value of x-amz-mp-object-size @throws StoreError */
export function checkSize(claimed: string | undefined, size: number): void {
	if (claimed === undefined || claimed === String(size)) return;
	throw new StoreError(
		"InvalidRequest",
		{},
		`The provided 'x-amz-mp-object-size' header value ${claimed} does not match what was computed: ${size}`,
	);
}
