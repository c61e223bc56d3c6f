/** A read by raw HTTP: what of the body came, and whether it came to its end. */
import { request } from "node:http";

export interface Attempt {
	/** 0 where the connection ended before the head left. */
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Buffer;
	/** The connection ended before the body did. */
	readonly cut: boolean;
}

export function attempt(
	endpoint: string,
	path: string,
	{
		method = "GET",
		headers = {} as Record<string, string>,
		body = "" as string | Buffer,
	} = {},
): Promise<Attempt> {
	return new Promise((resolve, reject) => {
		const { hostname, port } = new URL(endpoint);
		const sent = request(
			{ hostname, port, path, method, headers },
			(answer) => {
				const chunks: Buffer[] = [];
				const tell = (cut: boolean) =>
					resolve({
						status: answer.statusCode as number,
						headers: answer.headers as Record<string, string>,
						body: Buffer.concat(chunks),
						cut,
					});
				answer.on("data", (chunk: Buffer) => chunks.push(chunk));
				answer.on("error", () => tell(true));
				answer.on("end", () => tell(!answer.complete));
			},
		);
		sent.on("error", (error: NodeJS.ErrnoException) => {
			if (error.code !== "ECONNRESET") return reject(error);
			// Head and body leave together: a body that fails at once takes the head with it.
			resolve({ status: 0, headers: {}, body: Buffer.alloc(0), cut: true });
		});
		sent.end(body);
	});
}
