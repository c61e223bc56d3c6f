/** What becomes of a write that is not confirmed. */
import { childText, type S3Response } from "../../src/index.ts";
import {
	contentOf,
	documentIn,
	refusalOf,
	toAbort,
	toDelete,
	versionOf,
} from "./requests.ts";
import type { Write } from "./settle.ts";

/**
 * Deletes by a name that the answer gave and that nobody else can have, never by the key alone.
 * @param content of the answer
 * @returns a sentence about what became of it
 */
export async function undo(write: Write, content: Buffer): Promise<string> {
	const { request, response, deletes, common } = write;
	const { name, bucket = "", key = "" } = request.operation;
	if (name === "UploadPart" || name === "UploadPartCopy") {
		return "Abort the upload.";
	}
	if (name === "CreateMultipartUpload") {
		const upload = childText(documentIn(content), "UploadId");
		if (!deletes || upload === undefined) return "The upload was left there.";
		return gone(write.send(toAbort(bucket, key, upload), common), "The upload");
	}
	const version = versionOf(response);
	if (version === undefined) {
		return `It was left in the store${deletes ? ", for the answer named no version" : ""}.`;
	}
	const it = `Version ${version}`;
	if (!deletes) return `${it} was left in the store.`;
	return gone(write.send(toDelete(bucket, key, version), common), it);
}

async function gone(asked: Promise<S3Response>, what: string): Promise<string> {
	try {
		const removed = await asked;
		if (removed.status < 300) {
			await contentOf(removed);
			return `${what} was deleted.`;
		}
		return `${what} could not be deleted (${(await refusalOf(removed)).text}).`;
	} catch (error) {
		return `${what} could not be deleted (${(error as Error).message}).`;
	}
}
