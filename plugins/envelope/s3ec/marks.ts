/** What an object on a route says that it is: the one place where formats are told apart. Pure. */
import {
	DecryptionError,
	type HeaderMap,
	isS3ecMetadata,
	recordHeader,
	type S3ecMarks,
	SealgateError,
	s3ecMarks,
} from "../../../src/index.ts";
import type { FormatName, Options } from "../options.ts";

/** The formats that a route reads. */
export function readsOf({ read, format }: Options): readonly FormatName[] {
	return read ?? [format];
}

export type Found = "t1" | S3ecMarks | undefined;

/**
 * @param headers of the store's answer about an object
 * @returns undefined where there is no mark
 * @throws DecryptionError `format-refused` for marks of several formats, or of one that the route does not read
 */
export function foundIn(headers: HeaderMap, options: Options): Found {
	const ours = headers.has(recordHeader);
	const marks = s3ecMarks(headers);
	if (ours && marks !== undefined) {
		throw new DecryptionError(
			"format-refused",
			`the object carries marks of ${marks.format} beside ours`,
		);
	}
	if (ours) requireRead("t1", options);
	if (marks !== undefined) requireRead(marks.format, options);
	return ours ? "t1" : marks;
}

export function requireRead(format: FormatName, options: Options): void {
	if (readsOf(options).includes(format)) return;
	throw new DecryptionError(
		"format-refused",
		`the object is of ${format}, which the route does not read: see its option read`,
	);
}

/**
 * A client that encrypts by itself belongs on a route without envelope: encrypted twice, its object would carry marks of
 * a format that it is not in.
 * @throws SealgateError `argument-invalid`
 */
export function refuseMarks(headers: HeaderMap): void {
	const found = [...headers].find(([name]) => isS3ecMetadata(name));
	if (found === undefined) return;
	throw new SealgateError(
		"argument-invalid",
		"This metadata marks what an S3 Encryption Client has encrypted, and this gateway encrypts here: write such objects where no envelope policy applies.",
		{
			fields: { ArgumentName: found[0], ArgumentValue: found[1].slice(0, 100) },
		},
	);
}
