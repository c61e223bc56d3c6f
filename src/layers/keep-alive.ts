/** Work that takes longer than a client waits: an answer that begins with white space, as S3's own do. */
import type { Exchange } from "../exchange.ts";
import { type Body, readAll } from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { S3Response } from "../pipeline.ts";
import { errorAnswer } from "./answer-errors.ts";

/** Milliseconds of silence that a client is asked to bear. Some give an answer up after 60 s. */
const patience = 10_000;
/** Bytes of the document at the end. */
const documentBytes = 1024 * 1024;

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

export interface Meanwhile {
	/** Of an answer that begins before the work has ended; those of its length are left out. */
	readonly headers?: HeaderMap;
	/** Milliseconds, in place of 10 s. */
	readonly interval?: number;
}

/**
 * The work's own answer, or failure, where it comes in time. Else a 200 at once, white space while the work goes on, and
 * then its document: an `<Error>` where it failed, for the status has left. AWS, API reference of CopyObject.
 * @throws what the work rejects with in time
 */
export async function answerMeanwhile(
	work: Promise<S3Response>,
	exchange: Exchange,
	{ headers = new Map(), interval = patience }: Meanwhile = {},
): Promise<S3Response> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, interval);
	});
	const answer = await Promise.race([work, late]).finally(() =>
		clearTimeout(timer),
	);
	if (answer) return answer;
	const known = new Map(headers).set("content-type", "application/xml");
	known.delete("content-length");
	const answered = work.catch((error: unknown) => errorAnswer(error, exchange));
	return {
		status: 200,
		headers: known,
		body: spaced(answered.then(documentOf), interval),
	};
}

function spaced(document: Promise<string>, interval: number): Body {
	return {
		length: undefined,
		start(receiver) {
			let over = false;
			const write = (text: string) => receiver.data(Buffer.from(text));
			const timer = setInterval(() => write(" "), interval);
			const finish = (last: () => void): void => {
				clearInterval(timer);
				if (over) return;
				over = true;
				last();
			};
			queueMicrotask(() => over || write(declaration));
			document.then(
				(text) =>
					finish(() => {
						write(text);
						receiver.end();
					}),
				(error: Error) => finish(() => receiver.fail(error)),
			);
			return { resume() {}, stop: () => finish(() => {}) };
		},
	};
}

/** Without its declaration, which has left already, and the white space around it. */
async function documentOf({ body }: S3Response): Promise<string> {
	if (body === undefined) throw new Error("the work ended without a document");
	const content = await readAll(
		body,
		documentBytes,
		() => new Error("the document of the answer is too long"),
	);
	return content.toString("utf8").replace(/^\s*(<\?xml[^>]*>\s*)?/, "");
}
