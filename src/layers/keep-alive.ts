/** Work that takes longer than a client waits: an answer that begins with white space, as S3's own do. */
import { type Body, readAll } from "../http/body.ts";
import type { S3Response } from "../pipeline.ts";

/** Milliseconds of silence that a client is asked to bear. Some give an answer up after 60 s. */
const patience = 10_000;
/** Bytes of the document at the end. */
const documentBytes = 1024 * 1024;

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/**
 * The work's own answer where it comes in time. Else a 200 at once, white space while the work goes on, and then its
 * document: an `<Error>` where it failed, for the status has left. AWS, API reference of CopyObject.
 * @param work never rejects: what fails is answered with the document of an error
 */
export async function answerMeanwhile(
	work: Promise<S3Response>,
	interval: number = patience,
): Promise<S3Response> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, interval);
	});
	const answer = await Promise.race([work, late]);
	clearTimeout(timer);
	if (answer) return answer;
	return {
		status: 200,
		headers: new Map([["content-type", "application/xml"]]),
		body: spaced(work.then(documentOf), interval),
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

/** Without its declaration, which has left already. */
async function documentOf({ body }: S3Response): Promise<string> {
	if (body === undefined) throw new Error("the work ended without a document");
	const content = await readAll(
		body,
		documentBytes,
		() => new Error("the document of the answer is too long"),
	);
	return content.toString("utf8").replace(/^<\?xml[^>]*>\s*/, "");
}
