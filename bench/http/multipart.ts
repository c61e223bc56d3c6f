/** An upload in parts, some of them at once. */
import { bytesOf, plainUpload, trailerUpload } from "./content.ts";
import { type Ask, head, type Target } from "./request.ts";
import { type Upload, Wire } from "./wire.ts";

/** @throws Error where the upload is not published */
export async function multipart(
	target: Target & { readonly trailer: boolean },
	path: string,
	bytes: number,
	partBytes: number,
	atOnce: number,
): Promise<void> {
	const created = await text(target, {
		method: "POST",
		path,
		query: [["uploads", ""]],
		length: 0,
	});
	const uploadId = between(created, "<UploadId>", "</UploadId>");
	const etags: string[] = [];
	const upload = uploadOf(target, partBytes);
	let next = 0;
	const work = async (): Promise<void> => {
		const own = new Wire(target.address);
		while (next < bytes / partBytes) {
			const index = next++;
			const ask = putOf(target, path, partBytes, upload, [
				["partNumber", String(index + 1)],
				["uploadId", uploadId],
			]);
			const answer = await own.ask(head(target, ask), upload);
			const etag = /\r\netag: *(\S+)/i.exec(answer.head)?.[1];
			if (answer.status !== 200 || etag === undefined)
				throw new Error(`part ${index + 1}: ${answer.head}`);
			etags[index] = etag;
		}
		own.close();
	};
	await Promise.all(Array.from({ length: atOnce }, work));
	const parts = etags.map(
		(etag, index) =>
			`<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag.replaceAll('"', "&quot;")}</ETag></Part>`,
	);
	const document = Buffer.from(
		`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`,
	);
	const ended = await text(
		target,
		{
			method: "POST",
			path,
			query: [["uploadId", uploadId]],
			length: document.length,
		},
		{ block: document, times: 1, tail: undefined },
	);
	if (!ended.includes("CompleteMultipartUploadResult"))
		throw new Error(`Complete: ${ended}`);
}

/** The body as the target's client frames it. */
export function uploadOf(
	{ trailer }: { readonly trailer: boolean },
	bytes: number,
): Upload {
	return trailer ? trailerUpload(bytes) : plainUpload(bytes);
}

/** A PUT of that body. */
export function putOf(
	{ trailer }: { readonly trailer: boolean },
	path: string,
	bytes: number,
	upload: Upload,
	query: Ask["query"] = [],
): Ask {
	const ask = { method: "PUT", path, query, length: bytesOf(upload) };
	if (!trailer) return ask;
	return {
		...ask,
		payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
		headers: {
			"content-encoding": "aws-chunked",
			"x-amz-decoded-content-length": String(bytes),
			"x-amz-trailer": "x-amz-checksum-crc32",
		},
	};
}

/** On a connection of its own: one that waited for the parts may have been closed as idle. */
async function text(
	target: Target,
	ask: Ask,
	upload?: Upload,
): Promise<string> {
	const wire = new Wire(target.address);
	const pieces: Buffer[] = [];
	await wire.ask(head(target, ask), upload, (chunk) =>
		pieces.push(Buffer.from(chunk)),
	);
	wire.close();
	return Buffer.concat(pieces).toString();
}

function between(text: string, start: string, end: string): string {
	const from = text.indexOf(start) + start.length;
	const to = text.indexOf(end);
	if (to < from) throw new Error(`no ${start} in ${text}`);
	return text.slice(from, to);
}
