/** A store that demands SSE-C keys again, by the MD5 of what each object was written with, in the words of its maker. */
import type { Answer, RecordedRequest } from "./store.ts";
import { unframed } from "./store.ts";

export interface Flavour {
	/** Of a read with another key: AWS and MinIO 403, Ceph 400. */
	readonly wrongKey: readonly [status: number, code: string, message: string];
	/** Whether a key for an object without one is refused, or nobody minds. */
	readonly refusesKeyOfPlain: boolean;
	/** Whether what has no body is answered without a word of the key, as by MinIO. */
	readonly silent: boolean;
	/** Whether it knows SSE-C at all. versitygw does not. */
	readonly knows: boolean;
}

export const aws: Flavour = {
	wrongKey: [
		403,
		"AccessDenied",
		"Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.",
	],
	refusesKeyOfPlain: true,
	silent: false,
	knows: true,
};
export const ceph: Flavour = {
	wrongKey: [
		400,
		"InvalidArgument",
		"The calculated MD5 hash of the key did not match the hash that was provided.",
	],
	refusesKeyOfPlain: false,
	silent: false,
	knows: true,
};
export const minio: Flavour = {
	...aws,
	wrongKey: [403, "AccessDenied", "Access Denied."],
	silent: true,
};
export const versitygw: Flavour = { ...aws, knows: false };

interface Kept {
	readonly md5: string | undefined;
	readonly body: Buffer;
}

const customer = "x-amz-server-side-encryption-customer-";
const ofSource = "x-amz-copy-source-server-side-encryption-customer-";

class Refused extends Error {
	readonly status: number;
	readonly code: string;
	constructor([status, code, message]: Flavour["wrongKey"]) {
		super(message);
		this.status = status;
		this.code = code;
	}
}

export function keepEncrypted(flavour: Flavour): Answer {
	const objects = new Map<string, Kept>();
	const uploads = new Map<string, string | undefined>();
	const md5Of = (request: RecordedRequest, prefix = customer) => {
		const given = request.headers[`${prefix}key-md5`];
		return flavour.knows && typeof given === "string" ? given : undefined;
	};
	const open = (path: string, md5: string | undefined): Kept => {
		const kept = objects.get(path);
		if (kept === undefined)
			throw new Refused([404, "NoSuchKey", "No such key."]);
		if (kept.md5 === md5) return kept;
		if (kept.md5 === undefined) {
			if (!flavour.refusesKeyOfPlain) return kept;
			throw new Refused([
				400,
				"InvalidRequest",
				"The encryption parameters are not applicable to this object.",
			]);
		}
		if (md5 !== undefined) throw new Refused(flavour.wrongKey);
		throw new Refused([
			400,
			"InvalidRequest",
			"The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
		]);
	};
	/** @returns the status, the key of which the answer speaks, and the body */
	const serve = (
		request: RecordedRequest,
	): [md5: string | undefined, body: Buffer | string] => {
		const [path = "", query = ""] = request.target.split("?");
		const md5 = md5Of(request);
		const upload = new URLSearchParams(query).get("uploadId");
		if (request.method === "POST" && query === "uploads=") {
			const id = `upload-${uploads.size}`;
			uploads.set(id, md5);
			return [
				flavour.silent ? undefined : md5,
				`<R><UploadId>${id}</UploadId></R>`,
			];
		}
		if (upload !== null) {
			if (!uploads.has(upload))
				throw new Refused([404, "NoSuchUpload", "No such upload."]);
			if (uploads.get(upload) !== md5) {
				throw new Refused([
					400,
					"InvalidRequest",
					"The provided encryption parameters did not match the ones used originally.",
				]);
			}
		}
		const source = request.headers["x-amz-copy-source"];
		if (request.method === "PUT") {
			const body =
				typeof source === "string"
					? open(source, md5Of(request, ofSource)).body
					: unframed(request);
			if (upload === null) objects.set(path, { md5, body });
			if (typeof source !== "string") return [md5, ""];
			return [flavour.silent ? undefined : md5, "<CopyResult/>"];
		}
		if (request.method === "POST") return [undefined, "<Completed/>"];
		if (upload !== null) return [undefined, "<Parts/>"];
		if (request.method === "DELETE") return [undefined, ""];
		const kept = open(path, md5);
		return [kept.md5, kept.body];
	};
	return (request, response) => {
		try {
			const [md5, body] = serve(request);
			if (md5 !== undefined) {
				response.setHeader(`${customer}algorithm`, "AES256");
				response.setHeader(`${customer}key-MD5`, md5);
			}
			response.end(request.method === "HEAD" ? undefined : body);
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			response.writeHead(error.status, { "content-type": "application/xml" });
			response.end(
				request.method === "HEAD"
					? undefined
					: `<Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`,
			);
		}
	};
}
