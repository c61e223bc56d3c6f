/** Many requests over some connections, as fast as they are answered. */
import type { Answer, Upload } from "./wire.ts";
import { Wire } from "./wire.ts";

export interface Request {
	readonly head: Buffer;
	readonly upload?: Upload;
}

export interface Load {
	readonly to: {
		readonly address: string;
		/** It drops connections now and then: what broke is asked again. */
		readonly breaks: boolean;
	};
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
		let wire = new Wire(load.to.address);
		while (next < load.requests) {
			const { head, upload } = load.request(next++);
			const answer = await wire.ask(head, upload).catch((error) => {
				if (!load.to.breaks) throw error;
				wire.close();
				wire = new Wire(load.to.address);
				return wire.ask(head, upload);
			});
			check(answer, load);
			latencies.push(answer.duration);
		}
		wire.close();
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
