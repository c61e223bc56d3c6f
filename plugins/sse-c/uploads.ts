/**
 * An upload keeps the key that it began with. Which of several that was is remembered here while the process lives,
 * and found out again where it is not: the bytes of a part flow once, and cannot be tried with a second key.
 */
import {
	bodyOf,
	childText,
	discard,
	type Next,
	type Operation,
	parseXml,
	queryValue,
	readAll,
	type S3Request,
	type S3Response,
	SealgateError,
} from "../../src/index.ts";
import { mayBeWrongKey, refusalOf, unconfirmed, usedKey } from "./answers.ts";
import type { Keys } from "./keys.ts";

/** Uploads remembered at once; the one that was used longest ago is forgotten. */
const mostUploads = 10_000;
const documentBytes = 64 * 1024;

export class Uploads {
	readonly #keys: Keys;
	/** Only what the store's answers claim: some take any key for what has no bytes. */
	readonly #known = new Map<string, number>();

	constructor(keys: Keys) {
		this.#keys = keys;
	}

	/** The index of its key, where it is known. */
	get(operation: Operation): number | undefined {
		const id = idOf(operation);
		const index = this.#known.get(id);
		if (index !== undefined) this.#remember(id, index);
		return index;
	}

	/** Learns the upload that the answer to a CreateMultipartUpload names, where it names the key too. */
	async began(operation: Operation, response: S3Response): Promise<S3Response> {
		const { body, status } = response;
		if (status !== 200 || !body) return response;
		if (!usedKey(response, this.#keys.headers(0, operation))) return response;
		const content = await readAll(
			body,
			documentBytes,
			() =>
				new SealgateError("upstream-broken", "The store's answer is too long."),
		);
		const uploadId = uploadIdIn(content);
		if (uploadId !== undefined) {
			const query = [["uploadId", uploadId]] as const;
			this.#remember(idOf({ ...operation, query }), 0);
		}
		return { ...response, body: bodyOf(content) };
	}

	/**
	 * Asks the store with an empty part of the same number, which the part itself then replaces: no other request of S3
	 * tells the keys of an upload apart, or proves of a copied part that a key is used. The newest where none fits: the
	 * store's answer to the part will say why.
	 * @throws SealgateError `unconfirmed` where the store does not say that it used the key
	 */
	async find(request: S3Request, next: Next): Promise<number> {
		const { operation } = request;
		const known = this.get(operation);
		if (known !== undefined) return known;
		if (this.#keys.count === 1 && operation.name === "UploadPart") return 0;
		for (let index = 0; index < this.#keys.count; index++) {
			const key = this.#keys.headers(index, operation);
			const response = await next({
				operation: { ...operation, name: "UploadPart" },
				headers: new Map(Object.entries(key)),
				body: bodyOf(Buffer.alloc(0)),
			});
			const refusal = await refusalOf(response);
			if (refusal !== undefined && mayBeWrongKey(refusal)) continue;
			discard(response.body);
			if (response.status >= 300) break;
			if (!usedKey(response, key)) throw unconfirmed(operation);
			this.#remember(idOf(operation), index);
			return index;
		}
		return 0;
	}

	#remember(id: string, index: number): void {
		this.#known.delete(id);
		this.#known.set(id, index);
		if (this.#known.size <= mostUploads) return;
		this.#known.delete(this.#known.keys().next().value as string);
	}
}

function idOf({ bucket, key, query }: Operation): string {
	return JSON.stringify([bucket, key, queryValue(query, "uploadId")]);
}

/** What is wrong with the document is the client's to see. */
function uploadIdIn(document: Buffer): string | undefined {
	try {
		return childText(parseXml(document), "UploadId");
	} catch {
		return undefined;
	}
}
