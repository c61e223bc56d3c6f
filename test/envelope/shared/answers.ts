/** What a client saw: one answer for each step of the shared suite, as plain data that two runs can be compared by. */
import { createHash } from "node:crypto";
import type { S3Client } from "@aws-sdk/client-s3";

export interface Answer {
	readonly step: string;
	readonly status: number;
	readonly headers: Readonly<Record<string, string>>;
	/** What the client's library made of it: the output, or the error. Bodies stand as length and SHA-256. */
	readonly output: unknown;
}

export interface Side {
	readonly client: S3Client;
	readonly endpoint: string;
	/** Made and filled by the suite. */
	readonly bucket: string;
	/** PEM, where the endpoint speaks TLS with a certificate of a CA of its own. */
	readonly ca?: Buffer;
}

// biome-ignore lint/suspicious/noExplicitAny: every command and output of the SDK
type Any = any;

interface Reply {
	readonly statusCode: number;
	readonly headers: Record<string, string>;
}

export class Recorder {
	readonly answers: Answer[] = [];
	readonly #client: S3Client;

	constructor(client: S3Client) {
		this.#client = client;
	}

	/** Sends, and records what came; a refusal is an answer like any other. @returns the output */
	async ask(step: string, command: Any): Promise<Any> {
		let reply: Reply | undefined;
		command.middlewareStack.add(
			(next: Any) => async (args: Any) => {
				const result = await next(args);
				reply = result.response as Reply;
				return result;
			},
			{ step: "deserialize", priority: "low", name: "seen" },
		);
		const output = await this.#client.send(command).catch(asError);
		const plain = await plainOf(output);
		this.add(step, reply?.statusCode ?? 0, reply?.headers ?? {}, plain);
		return output;
	}

	add(
		step: string,
		status: number,
		headers: Record<string, string>,
		output: unknown,
	): void {
		this.answers.push({ step, status, headers, output });
	}
}

export function digest(content: Uint8Array): string {
	const hash = createHash("sha256").update(content).digest("hex");
	return `${content.length} bytes, ${hash}`;
}

/** @throws what is no answer of a server */
export function asError(error: Any): Any {
	if (error.$metadata?.httpStatusCode === undefined) throw error;
	const { $metadata, $fault, $response, $service, ...fields } = error;
	return { ...fields, name: error.name, message: error.message };
}

async function plainOf(output: Any): Promise<unknown> {
	const { $metadata, Body, ...fields } = output;
	if (Body === undefined) return fields;
	return { ...fields, Body: digest(await Body.transformToByteArray()) };
}
