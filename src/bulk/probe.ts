/** Whether a store honours If-Match on what replaces an object: asked once a run, with an object of our own. */
import { bodyOf } from "../http/body.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { S3Response } from "../pipeline.ts";
import { renderCopySource } from "../s3/copy-source.ts";
import type { Operation } from "../s3/operation.ts";
import { childText, element, renderXml } from "../s3/xml.ts";
import { type Ask, documentOf, StoreRefusal } from "./ask.ts";
import type { Target } from "./target.ts";

/** What the store looks at before it replaces an object. */
export interface Guards {
	readonly put: boolean;
	readonly copy: boolean;
	readonly complete: boolean;
}

const content =
	"Written by Sealgate to see whether this store honours If-Match. It may be deleted.\n";
const probeName = ".sealgate-probe-";
const otherEtag = '"00000000000000000000000000000000"';

/** Whether a key is of a probe object, which a run that was killed may have left. */
export function isProbe(key: string): boolean {
	return /\.sealgate-probe-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(
		key,
	);
}

/**
 * A condition counts as honoured where a wrong ETag is refused with 412 and the right one passes.
 * @param ask at the store
 * @throws StoreRefusal where no probe object can be written
 */
export async function probeGuards(
	ask: Ask,
	{ bucket, prefix }: Target,
): Promise<Guards> {
	const key = `${prefix}${probeName}${crypto.randomUUID()}`;
	const probing = new Probing(ask, bucket, key);
	try {
		const first = await probing.put(new Map());
		if (first.status !== 200)
			await documentOf(first, `a probe object in ${bucket}`);
		const honoured = async (
			write: (headers: HeaderMap) => Promise<S3Response>,
		): Promise<boolean> => {
			const wrong = await write(new Map([["if-match", otherEtag]]));
			if (!(await refused(wrong))) return false;
			const right = await write(new Map([["if-match", await probing.etag()]]));
			return await passed(right);
		};
		return {
			put: await honoured((headers) => probing.put(headers)),
			copy: await honoured((headers) => probing.copy(headers)),
			complete: await honoured((headers) => probing.complete(headers)),
		};
	} finally {
		await probing.remove();
	}
}

async function refused(response: S3Response): Promise<boolean> {
	try {
		await documentOf(response, "probe");
		return false;
	} catch (error) {
		if (error instanceof StoreRefusal) return error.status === 412;
		throw error;
	}
}

async function passed(response: S3Response): Promise<boolean> {
	try {
		await documentOf(response, "probe");
		return true;
	} catch (error) {
		if (error instanceof StoreRefusal) return false;
		throw error;
	}
}

/** The requests about the probe object, and the versions that they left. */
class Probing {
	readonly #ask: Ask;
	readonly #bucket: string;
	readonly #key: string;
	readonly #versions = new Set<string>();

	constructor(ask: Ask, bucket: string, key: string) {
		this.#ask = ask;
		this.#bucket = bucket;
		this.#key = key;
	}

	put(headers: HeaderMap): Promise<S3Response> {
		return this.#send("PutObject", "PUT", [], headers, content);
	}

	copy(headers: HeaderMap): Promise<S3Response> {
		return this.#send(
			"CopyObject",
			"PUT",
			[],
			new Map([
				...headers,
				["x-amz-copy-source", this.#source()],
				["x-amz-metadata-directive", "REPLACE"],
			]),
		);
	}

	/** An upload of one part, and its end under the condition. */
	async complete(headers: HeaderMap): Promise<S3Response> {
		const created = await documentOf(
			await this.#send("CreateMultipartUpload", "POST", [["uploads", ""]]),
			"probe",
		);
		const uploadId = (created && childText(created, "UploadId")) ?? "";
		const id = ["uploadId", uploadId] as const;
		const part = await documentOf(
			await this.#send(
				"UploadPartCopy",
				"PUT",
				[["partNumber", "1"], id],
				new Map([["x-amz-copy-source", this.#source()]]),
			),
			"probe",
		);
		const list = element("CompleteMultipartUpload", [
			element("Part", [
				element("PartNumber", 1),
				element("ETag", (part && childText(part, "ETag")) ?? ""),
			]),
		]);
		const done = await this.#send(
			"CompleteMultipartUpload",
			"POST",
			[id],
			headers,
			renderXml(list),
		);
		if (done.status !== 200)
			await this.#send("AbortMultipartUpload", "DELETE", [id]);
		return done;
	}

	async etag(): Promise<string> {
		const { headers } = await this.#send("HeadObject", "HEAD", []);
		return headers.get("etag") ?? "";
	}

	/** All that it left. What cannot be removed is small, and says itself what it is. */
	async remove(): Promise<void> {
		const versions = this.#versions.size > 0 ? this.#versions : [undefined];
		for (const version of versions) {
			const query =
				version === undefined ? [] : [["versionId", version] as const];
			await this.#send("DeleteObject", "DELETE", query).catch(() => undefined);
		}
	}

	#source(): string {
		const [bucket, key] = [this.#bucket, this.#key];
		return renderCopySource({ bucket, key, versionId: undefined });
	}

	async #send(
		name: Operation["name"],
		method: string,
		query: Operation["query"],
		headers: HeaderMap = new Map(),
		body?: string,
	): Promise<S3Response> {
		const [bucket, key] = [this.#bucket, this.#key];
		const response = await this.#ask({
			operation: { name, method, bucket, key, query },
			headers,
			body: body === undefined ? undefined : bodyOf(body),
		});
		const version = response.headers.get("x-amz-version-id");
		if (version !== undefined && version !== "null" && method !== "HEAD")
			this.#versions.add(version);
		return response;
	}
}
