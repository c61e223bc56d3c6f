/** Presigned URLs, as a browser or curl uses them. */
import { request as overHttp } from "node:http";
import { request as overTls } from "node:https";
import {
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { digest, type Recorder, type Side } from "./answers.ts";

export async function urls(record: Recorder, side: Side): Promise<void> {
	const at = { Bucket: side.bucket, Key: "by-url" };
	const { credentials } = side.client.config;
	const signer = new S3Client({
		endpoint: side.endpoint,
		region: "us-east-1",
		forcePathStyle: true,
		credentials,
		// By default the SDK signs the checksum of an empty body into the URL.
		requestChecksumCalculation: "WHEN_REQUIRED",
	});
	const ask = async (
		step: string,
		method: string,
		// biome-ignore lint/suspicious/noExplicitAny: any command of the SDK
		command: any,
		headers: Record<string, string> = {},
		body?: string,
	) => {
		const url = await getSignedUrl(signer, command, { expiresIn: 600 });
		const [status, seen, bytes] = await fetched(
			side,
			url,
			method,
			headers,
			body,
		);
		const errors = /xml/.test(seen["content-type"] ?? "");
		const output = errors ? codeOf(bytes) : digest(bytes);
		record.add(step, status, seen, { Body: output });
	};
	await ask("put by URL", "PUT", new PutObjectCommand(at), {}, "by url");
	await ask("get by URL", "GET", new GetObjectCommand(at));
	const range = { range: "bytes=3-" };
	await ask("range by URL", "GET", new GetObjectCommand(at), range);
	await ask("head by URL", "HEAD", new HeadObjectCommand(at));
	const ResponseContentType = "text/over";
	const over = new GetObjectCommand({ ...at, ResponseContentType });
	await ask("get by URL, overridden", "GET", over);
	const absent = new GetObjectCommand({ ...at, Key: "absent" });
	await ask("nothing there by URL", "GET", absent);
	await ask(
		"the wrong method by URL",
		"PUT",
		new GetObjectCommand(at),
		{},
		"x",
	);
}

function codeOf(bytes: Buffer): string {
	return /<Code>([^<]*)<\/Code>/.exec(bytes.toString())?.[1] ?? "no code";
}

function fetched(
	{ ca }: Side,
	url: string,
	method: string,
	headers: Record<string, string>,
	body?: string,
): Promise<[number, Record<string, string>, Buffer]> {
	const request = url.startsWith("https:") ? overTls : overHttp;
	return new Promise((resolve, reject) => {
		const options = { method, headers, agent: false as const, ca };
		const asked = request(url, options, (answer) => {
			const pieces: Buffer[] = [];
			answer.on("data", (piece) => pieces.push(piece));
			answer.on("error", reject);
			answer.on("end", () =>
				resolve([
					answer.statusCode ?? 0,
					answer.headers as Record<string, string>,
					Buffer.concat(pieces),
				]),
			);
		});
		asked.on("error", reject);
		asked.end(body);
	});
}
