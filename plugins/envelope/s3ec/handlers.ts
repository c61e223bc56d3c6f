/** What a route that reads or writes formats of the S3 Encryption Clients does in place of what `t1` does. */
import type { OperationName } from "../../../src/index.ts";
import type { Handlers } from "../handle.ts";
import { digestMetadata } from "../metadata.ts";
import type { Options } from "../options.ts";
import { unsupportedBy } from "../unsupported.ts";
import { copyObject } from "./copy.ts";
import { getObject } from "./get-object.ts";
import { getAttributes, headObject } from "./head-object.ts";
import { readsOf } from "./marks.ts";
import { putObject } from "./put-object.ts";

/** One GCM message has one writer: neither several at once nor one that goes on later. */
const ofParts: readonly OperationName[] = [
	"CreateMultipartUpload",
	"UploadPart",
	"UploadPartCopy",
	"CompleteMultipartUpload",
];

export function s3ecHandlers(options: Options): Handlers {
	const { format } = options;
	const reads = readsOf(options).some((name) => name !== "t1");
	return {
		...(reads && {
			GetObject: getObject,
			HeadObject: headObject,
			GetObjectAttributes: getAttributes,
			CopyObject: copyObject,
		}),
		...(format !== "t1" && {
			PutObject: (...asked) => putObject(format, ...asked),
		}),
	};
}

/** @throws SealgateError `policy-unsupported` */
export function refuseParts({ format }: Options, name: OperationName): void {
	if (format !== "t1" && ofParts.includes(name)) throw unsupportedBy(name);
}

/** @throws Error where the options ask for what the formats that they name cannot do */
export function checkFormats(options: Options): void {
	const { format, bindMetadata, sealMetadata, scope } = options;
	const reads = readsOf(options);
	const foreign = reads.find((name) => name !== "t1");
	if (!reads.includes(format)) {
		throw new Error(`read has to name ${format}, which format writes`);
	}
	if (foreign !== undefined && bindMetadata === "require") {
		throw new Error(
			`bindMetadata: require reads nothing that binds no metadata, and ${foreign} binds none`,
		);
	}
	if (format === "t1") return;
	if (bindMetadata) throw new Error(`${format} binds no metadata`);
	const own = sealMetadata.filter((name) => !isDigest(name));
	if (own.length > 0) {
		throw new Error(
			`${format} has no place to seal metadata in (${own.join(", ")})`,
		);
	}
	if (scope === "object") {
		throw new Error(
			`scope is of t1: ${format} has a data key for each object, always`,
		);
	}
}

function isDigest(name: string): boolean {
	return digestMetadata.some((digest) => digest === name);
}

/** What a store can do on the route, for the operator; undefined where its only format is bound to the object's name. */
export function unboundFormats(options: Options): string | undefined {
	const names = readsOf(options).filter((name) => name !== "t1");
	if (names.length === 0 || options.format !== "t1") return undefined;
	return `read names ${names.join(" and ")}: such objects are not bound to their key, so that the store can put any of them in the place of any object of the route`;
}
