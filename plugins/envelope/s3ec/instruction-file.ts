/** Instruction files: the wrapped key in an object of its own beside the object, KEY.instruction. Read, where the route allows it. */
import {
	DecryptionError,
	joinInstruction,
	parsePairs,
	readAll,
	type S3ecMarks,
} from "../../../src/index.ts";
import type { Read } from "../reading.ts";
import { companionsOf, release } from "../stored-object.ts";
import { readsOf, requireRead } from "./marks.ts";

/** Far more than any record has. */
const mostBytes = 64 * 1024;

/**
 * The marks of an object with what its instruction file says, where it takes one.
 * @param found marks of the object itself; undefined where it has none, as V2 leaves it that keeps all in the file
 * @throws DecryptionError `format-refused` where the route allows no instruction files; `record-malformed` where there is none
 */
export async function wholeMarks(
	read: Read,
	found: S3ecMarks | undefined,
): Promise<S3ecMarks | undefined> {
	const { options } = read.envelope;
	const { instructionFiles } = options.s3ec;
	if (found !== undefined && !found.instruction) return found;
	if (found === undefined) {
		if (!instructionFiles || !readsOf(options).includes("s3ec-v2"))
			return undefined;
		const file = await fetchFile(read);
		return file && joinInstruction(undefined, file);
	}
	if (!instructionFiles) {
		throw new DecryptionError(
			"format-refused",
			"the data key is in an instruction file, which the route does not read: see its option s3ec.instructionFiles",
		);
	}
	requireRead(found.format, options);
	const file = await fetchFile(read);
	if (file !== undefined) return joinInstruction(found, file);
	throw new DecryptionError("record-malformed", "there is no instruction file");
}

async function fetchFile({
	request,
	next,
}: Read): Promise<Readonly<Record<string, string>> | undefined> {
	const { operation, headers } = request;
	const response = await next({
		operation: {
			...operation,
			name: "GetObject",
			method: "GET",
			key: `${operation.key}.instruction`,
			query: [],
		},
		headers: companionsOf(headers),
		body: undefined,
	});
	if (response.status === 404) {
		release(response);
		return undefined;
	}
	if (response.status !== 200 || response.body === undefined) {
		release(response);
		throw new DecryptionError(
			"answer-malformed",
			`the store answered ${response.status} for the instruction file`,
		);
	}
	const content = await readAll(
		response.body,
		mostBytes,
		() =>
			new DecryptionError("record-malformed", "an instruction file of 64 KiB"),
	);
	return parsePairs("the instruction file", content.toString("latin1"));
}
