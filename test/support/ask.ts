/** One request over node:http, with a target and headers that nothing normalises. */
import { type Agent, request as httpRequest } from "node:http";
import { parseTarget } from "../../src/s3/address.ts";
import { type Credentials, sign } from "../../src/sigv4/sign.ts";

export interface Ask {
	readonly method?: string;
	readonly target: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: Buffer | string;
	readonly agent?: Agent;
}

export interface Answered {
	readonly status: number;
	readonly headers: Readonly<Record<string, string | string[] | undefined>>;
	readonly text: string;
	/** Our side of the connection: the same number is the same connection. */
	readonly port: number | undefined;
}

/** @param address host:port, which is also `Host` unless the headers give one */
export function ask(address: string, sent: Ask): Promise<Answered> {
	const colon = address.lastIndexOf(":");
	return new Promise((resolve, reject) => {
		const request = httpRequest(
			{
				host: address.slice(0, colon),
				port: Number(address.slice(colon + 1)),
				method: sent.method ?? "GET",
				path: sent.target,
				headers: { host: address, ...sent.headers },
				...(sent.agent && { agent: sent.agent }),
			},
			(response) => {
				const chunks: Buffer[] = [];
				response.on("data", (chunk: Buffer) => chunks.push(chunk));
				response.on("error", reject);
				const port = request.socket?.localPort;
				response.on("end", () =>
					resolve({
						status: response.statusCode as number,
						headers: response.headers,
						text: Buffer.concat(chunks).toString(),
						port,
					}),
				);
			},
		);
		request.on("error", reject);
		// A string would be joined to the head, and the head then be written as UTF-8.
		request.end(sent.body === undefined ? undefined : Buffer.from(sent.body));
	});
}

/** The same request with a SigV4 signature in its headers. */
export function signed(
	address: string,
	sent: Ask,
	credentials: Credentials,
	payloadHash = "UNSIGNED-PAYLOAD",
): Ask {
	const { path, query } = parseTarget(sent.target);
	const { headers } = sign(
		{
			method: sent.method ?? "GET",
			path,
			query,
			headers: new Map(Object.entries({ host: address, ...sent.headers })),
		},
		{ credentials, region: "us-east-1", now: new Date(), payloadHash },
	);
	return { ...sent, headers: Object.fromEntries(headers) };
}
