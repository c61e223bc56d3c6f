/**
 * Which S3 Encryption Client wrote an object: by its user metadata, all of it. Marks of two versions in one object are an
 * attack on a reader that looks at some of them (CVE-2025-14763 and its like), and open nothing.
 */
import { DecryptionError } from "../decryption-error.ts";
import type { S3ecFormat } from "./format.ts";
import type { S3ecFields } from "./metadata.ts";

const prefix = "x-amz-meta-";
const stated = "x-amz-unencrypted-content-length";
/** On an instruction file itself. */
const instructionMark = "x-amz-crypto-instr-file";
const ofV1 = ["x-amz-key"];
const ofV2 = [
	"x-amz-key-v2",
	"x-amz-iv",
	"x-amz-cek-alg",
	"x-amz-wrap-alg",
	"x-amz-tag-len",
	"x-amz-matdesc",
];
/** Those that S3 Encryption Clients keep with the object itself. */
const pinnedOfV3 = ["x-amz-c", "x-amz-d", "x-amz-i"];
/** Those that an instruction file may hold. */
const movableOfV3 = ["x-amz-3", "x-amz-w", "x-amz-t", "x-amz-m"];
const marks = [...ofV1, ...ofV2, ...pinnedOfV3, ...movableOfV3];
const names = new Set(
	[...marks, stated, instructionMark].map((name) => prefix + name),
);

/** Whether a header is one of the clients', which a reader of the content neither needs nor sees. @param header lower case */
export function isS3ecMetadata(header: string): boolean {
	return names.has(header);
}

export interface S3ecMarks {
	readonly format: S3ecFormat;
	readonly fields: S3ecFields;
	/** Whether the wrapped key is in an instruction file beside the object. */
	readonly instruction: boolean;
}

/**
 * @param headers of an object, names in lower case
 * @returns undefined where there is no mark
 * @throws DecryptionError `format-refused` for marks of V1, or of two versions
 */
export function s3ecMarks(
	headers: ReadonlyMap<string, string>,
): S3ecMarks | undefined {
	const fields = new Map<string, string>();
	for (const name of [...marks, stated]) {
		const value = headers.get(prefix + name) ?? "";
		if (value !== "") fields.set(name, value);
	}
	const any = (of: readonly string[]) => of.some((name) => fields.has(name));
	if (any(ofV1)) throw refused("version 1, which authenticates nothing");
	const [v2, v3] = [any(ofV2), any([...pinnedOfV3, ...movableOfV3])];
	if (v2 && v3) throw refused("versions 2 and 3 at once");
	if (v3 && fields.has(stated)) throw refused(`version 3 beside ${stated}`);
	if (v3) {
		const instruction = !fields.has("x-amz-3") && any(pinnedOfV3);
		return { format: "s3ec-v3", fields, instruction };
	}
	return v2 ? { format: "s3ec-v2", fields, instruction: false } : undefined;
}

/**
 * The fields of an object whose wrapped key is in an instruction file.
 * @param found marks of the object; undefined where it has none, as with V2
 * @param file what the instruction file holds
 * @throws DecryptionError `format-refused` where one of them says what the other has to, or both
 */
export function joinInstruction(
	found: S3ecMarks | undefined,
	file: Readonly<Record<string, string>>,
): S3ecMarks {
	const held = new Map(
		Object.entries(file).filter(([, value]) => value !== ""),
	);
	const allowed = found === undefined ? [...ofV2, stated] : movableOfV3;
	const odd = [...held.keys()].find(
		(name) => !allowed.includes(name) || found?.fields.has(name),
	);
	if (odd !== undefined) throw refused(`${odd} in an instruction file`);
	return {
		format: found?.format ?? "s3ec-v2",
		fields: new Map([...(found?.fields ?? []), ...held]),
		instruction: true,
	};
}

function refused(what: string): DecryptionError {
	return new DecryptionError(
		"format-refused",
		`the object carries marks of an S3 Encryption Client of ${what}`,
	);
}
