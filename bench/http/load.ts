/** Many requests over some connections, as fast as they are answered. */
import type { Answer, Upload } from "./wire.ts";
import { Wire } from "./wire.ts";

export interface Request {
	readonly head: Buffer;
	readonly upload?: Upload;
}

export interface Load {
	readonly address: string;
	readonly connections: number;
	readonly requests: number;
	/** Status of each answer, and bytes of each body where that is known. */
	readonly expect: { readonly status: number; readonly bytes?: number };
	request(index: number): Request;
}

export interface Done {
	readonly requests: number;
	/** Milliseconds, ascending. */
	readonly latencies: readonly number[];
	readonly answers?: readonly Answer[];
}

/** @throws Error for an answer that is not the one expected */
export async function run(load: Load): Promise<Done> {
	const latencies: number[] = [];
	let next = 0;
	const work = async (): Promise<void> => {
		const wire = new Wire(load.address);
		try {
			while (next < load.requests) {
				const { head, upload } = load.request(next++);
				const answer = await wire.ask(head, upload);
				check(answer, load);
				latencies.push(answer.duration);
			}
		} finally {
			wire.close();
		}
	};
	await Promise.all(Array.from({ length: load.connections }, work));
	latencies.sort((a, b) => a - b);
	return { requests: load.requests, latencies };
}

function check({ status, bodyBytes, head }: Answer, { expect }: Load): void {
	const { bytes = bodyBytes } = expect;
	if (status === expect.status && bodyBytes === bytes) return;
	throw new Error(`${bodyBytes} bytes, not ${expect.bytes}, behind ${head}`);
}
