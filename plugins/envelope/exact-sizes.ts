/** Sizes of listed objects as HEAD tells them, remembered while the object is the same. */
import {
	childText,
	DecryptionError,
	type Operation,
	type S3Request,
	type S3Response,
	type XmlElement,
} from "../../src/index.ts";

const mostSizes = 100_000;

export class ExactSizes {
	readonly #sizes = new Map<string, number>();

	/** Plaintext in bytes; undefined where a HEAD does not say it: the object is gone, or does not open. */
	async of(
		entry: XmlElement,
		{ bucket, key }: Operation,
		ask: (request: S3Request) => Promise<S3Response>,
	): Promise<number | undefined> {
		const versionId = childText(entry, "VersionId");
		const facts = ["ETag", "Size", "LastModified"].map((name) =>
			childText(entry, name),
		);
		const name = JSON.stringify([bucket, key, versionId, ...facts]);
		const known = this.#sizes.get(name);
		if (known !== undefined) return known;
		const operation: Operation = {
			name: "HeadObject",
			method: "HEAD",
			bucket,
			key,
			query: versionId === undefined ? [] : [["versionId", versionId]],
		};
		const seen = await headOf(ask, operation);
		const size = Number(seen?.headers.get("content-length") ?? Number.NaN);
		if (seen?.status !== 200 || !Number.isInteger(size)) return undefined;
		this.#sizes.set(name, size);
		if (this.#sizes.size > mostSizes) {
			this.#sizes.delete(this.#sizes.keys().next().value as string);
		}
		return size;
	}
}

/** One object that does not open hides no page of others. */
async function headOf(
	ask: (request: S3Request) => Promise<S3Response>,
	operation: Operation,
): Promise<S3Response | undefined> {
	try {
		return await ask({ operation, headers: new Map(), body: undefined });
	} catch (error) {
		if (error instanceof DecryptionError) return undefined;
		throw error;
	}
}
