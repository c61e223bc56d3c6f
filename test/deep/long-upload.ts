/** Uploads of many parts and reads of many bytes by plain HTTP, without an SDK's own memory and hashing. */
import { Agent, type IncomingMessage, request } from "node:http";

export interface Ask {
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer;
}

export class LongClient {
	readonly #agent = new Agent({ keepAlive: true });
	readonly #endpoint: string;

	constructor(endpoint: string) {
		this.#endpoint = endpoint;
	}

	/** @param take gets each piece of the body, valid for the call. @throws Error where the connection is cut */
	ask(
		target: string,
		{ method = "GET", headers = {}, body = Buffer.alloc(0) }: Ask = {},
		take: (piece: Buffer) => void = () => {},
	): Promise<IncomingMessage> {
		return new Promise((resolve, reject) => {
			const length = { "content-length": String(body.length) };
			const sent = request(
				`${this.#endpoint}${target}`,
				{ method, headers: { ...headers, ...length }, agent: this.#agent },
				(answer) => {
					answer.on("data", take);
					answer.on("error", reject);
					answer.on("end", () => resolve(answer));
				},
			);
			sent.on("error", reject);
			sent.end(body);
		});
	}

	async text(target: string, how: Ask): Promise<string> {
		const pieces: Buffer[] = [];
		const { statusCode } = await this.ask(target, how, (piece) =>
			pieces.push(Buffer.from(piece)),
		);
		const text = Buffer.concat(pieces).toString();
		if (statusCode === 200) return text;
		throw new Error(`${how.method} ${target}: ${statusCode} ${text}`);
	}

	/** The same bytes as each part. @param last the last part, where it is another */
	async upload(
		path: string,
		count: number,
		part: Buffer,
		{ atOnce = 4, last = part, tell = (_done: number) => {} } = {},
	): Promise<void> {
		const begun = await this.text(`${path}?uploads`, { method: "POST" });
		const id = /<UploadId>([^<]+)</.exec(begun)?.[1] as string;
		const of = `uploadId=${encodeURIComponent(id)}`;
		const etags: string[] = [];
		const waiting = Array.from({ length: count }, (_, index) => index + 1);
		const work = async (): Promise<void> => {
			for (;;) {
				const number = waiting.shift();
				if (number === undefined) return;
				const body = number === count ? last : part;
				const target = `${path}?partNumber=${number}&${of}`;
				const { statusCode, headers } = await this.ask(target, {
					method: "PUT",
					body,
				});
				if (statusCode !== 200)
					throw new Error(`part ${number}: ${statusCode}`);
				etags[number - 1] = headers.etag as string;
				tell(count - waiting.length);
			}
		};
		await Promise.all(Array.from({ length: atOnce }, work));
		const listed = etags.map(
			(etag, index) =>
				`<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
		);
		const document = `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`;
		const done = await this.text(`${path}?${of}`, {
			method: "POST",
			body: Buffer.from(document),
		});
		if (!done.includes("<ETag>")) throw new Error(done);
	}

	close(): void {
		this.#agent.destroy();
	}
}
