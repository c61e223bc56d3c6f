/** POST forms as bytes, signed without the code under test. */
import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { accessKeyId, secretAccessKey } from "./gateway.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

export const boundary = "----WebKitFormBoundaryAbC0123456789xyz";

/** A file part as the last one, unless `after` follows it. */
export function formBytes(
	fields: Fields,
	file: Buffer | string,
	more: {
		readonly filename?: string;
		readonly closing?: string;
		readonly after?: string;
	} = {},
): Buffer {
	const parts = fields.map(
		([name, value]) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
	);
	const filename =
		more.filename === undefined ? "" : `; filename="${more.filename}"`;
	return Buffer.concat([
		Buffer.from(
			`${parts.join("")}--${boundary}\r\nContent-Disposition: form-data; name="file"${filename}\r\nContent-Type: text/x-of-the-part\r\n\r\n`,
		),
		Buffer.from(file),
		Buffer.from(more.after ?? ""),
		Buffer.from(more.closing ?? `\r\n--${boundary}--\r\n`),
	]);
}

export interface Policy {
	readonly expiration?: unknown;
	readonly conditions?: unknown;
}

const hmac = (key: Buffer | string, text: string): Buffer =>
	createHmac("sha256", key).update(text).digest();

/** Fields that prove a form, and a policy that covers `fields` and `conditions` and nothing else. */
export function signedFields(
	bucket: string,
	fields: Fields,
	more: {
		readonly conditions?: readonly unknown[];
		readonly policy?: unknown;
		readonly expires?: number;
		readonly secret?: string;
		readonly accessKeyId?: string;
		readonly region?: string;
	} = {},
): [string, string][] {
	const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
	const day = date.slice(0, 8);
	const region = more.region ?? "us-east-1";
	const scope = `${day}/${region}/s3/aws4_request`;
	const own: [string, string][] = [
		["x-amz-algorithm", "AWS4-HMAC-SHA256"],
		["x-amz-credential", `${more.accessKeyId ?? accessKeyId}/${scope}`],
		["x-amz-date", date],
	];
	const policy = more.policy ?? {
		expiration: new Date(Date.now() + (more.expires ?? 60_000)).toISOString(),
		conditions: [
			{ bucket },
			...(more.conditions ??
				fields.map(([name, value]) => ({ [name]: value }))),
			...own.map(([name, value]) => ({ [name]: value })),
		],
	};
	const text = typeof policy === "string" ? policy : JSON.stringify(policy);
	const encoded = Buffer.from(text).toString("base64");
	const key = [day, region, "s3", "aws4_request"].reduce<Buffer | string>(
		(secret, part) => hmac(secret, part),
		`AWS4${more.secret ?? secretAccessKey}`,
	);
	return [
		...fields.map(([name, value]): [string, string] => [name, value]),
		...own,
		["policy", encoded],
		["x-amz-signature", hmac(key, encoded).toString("hex")],
	];
}

export interface FormAnswer {
	readonly status: number;
	/** Head and body, as they came. */
	readonly text: string;
	header(name: string): string | undefined;
	/** The text of an element of the answer's document. */
	field(name: string): string | undefined;
}

/** Sends the bytes over a socket of its own, in the given pieces; resolves when the gateway has closed it. */
export function postForm(
	address: string,
	path: string,
	body: Buffer | readonly Buffer[],
	more: {
		readonly headers?: readonly string[];
		readonly length?: number | undefined;
		readonly type?: string;
		readonly host?: string;
		/** Ends the sending half behind the body. */
		readonly cut?: boolean;
	} = {},
): Promise<FormAnswer> {
	const pieces = Buffer.isBuffer(body) ? [body] : body;
	const length =
		"length" in more
			? more.length
			: pieces.reduce((sum, piece) => sum + piece.length, 0);
	const head = [
		`POST ${path} HTTP/1.1`,
		`host: ${more.host ?? address}`,
		`content-type: ${more.type ?? `multipart/form-data; boundary=${boundary}`}`,
		...(length === undefined ? [] : [`content-length: ${length}`]),
		...(more.headers ?? []),
		"connection: close",
	];
	return new Promise((resolve, reject) => {
		const socket = connect(
			Number(address.slice(address.lastIndexOf(":") + 1)),
			"127.0.0.1",
		);
		const chunks: Buffer[] = [];
		socket.on("error", reject);
		socket.on("data", (chunk) => chunks.push(chunk));
		socket.on("close", () => resolve(read(Buffer.concat(chunks).toString())));
		socket.write(`${head.join("\r\n")}\r\n\r\n`);
		for (const piece of pieces) socket.write(piece);
		if (more.cut) socket.end();
	});
}

function read(text: string): FormAnswer {
	return {
		status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
		text,
		header: (name) => new RegExp(`^${name}: (.*)\r$`, "im").exec(text)?.[1],
		field: (name) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1],
	};
}
