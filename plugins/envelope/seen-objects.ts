/**
 * What objects were when they were last looked at, so that a range can be asked for in one request. A hint: the answer
 * to that request says which object it is, and nothing is answered by what another one was.
 */
import type { ObjectRecord, Operation } from "../../src/index.ts";
import { Recent } from "./recent.ts";

export interface SeenObject {
	readonly nonce: Buffer;
	readonly format: ObjectRecord["format"];
	/** Bytes of ciphertext. */
	readonly size: number;
}

const mostObjects = 10_000;
/** Of 40 bytes each. */
const mostHeaders = 100_000;

export class SeenObjects {
	readonly #objects = new Recent<SeenObject>(mostObjects);
	readonly #headers = new Recent<Buffer>(mostHeaders);

	of(operation: Operation): SeenObject | undefined {
		return this.#objects.get(nameOf(operation));
	}

	/** What an object of one PUT needs, a request of its own tells. */
	add(operation: Operation, record: ObjectRecord, size: number): void {
		const { nonce, format, single } = record;
		const name = nameOf(operation);
		if (single === undefined) this.#objects.set(name, { nonce, format, size });
		else this.#objects.delete(name);
	}

	/** The header of a part's stream, under which its segments opened. @param index from 0 */
	header(nonce: Buffer, index: number): Buffer | undefined {
		return this.#headers.get(`${nonce.toString("latin1")}${index}`);
	}

	addHeader(nonce: Buffer, index: number, header: Buffer): void {
		this.#headers.set(`${nonce.toString("latin1")}${index}`, header);
	}
}

function nameOf({ bucket, key, query }: Operation): string {
	const version = query.find(([name]) => name === "versionId")?.[1];
	return JSON.stringify([bucket, key, version]);
}
