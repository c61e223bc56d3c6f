/**
 * Connections whose writes leave together and whose chunks are freed when the kernel has them.
 *
 * undici writes each piece of a body by itself: a tag of 16 bytes costs a system call and a packet of its own. And it
 * tells nobody when a piece has left. Both are had from the socket: what is written within one turn of the event loop
 * leaves in one `writev`, as node:http does it, and a chunk that was given is freed by the callback of its write.
 */
import type { Socket } from "node:net";
import { free } from "../spent.ts";

/** Marks a chunk that whoever writes it may free: it comes to the socket through other hands. */
const given = Symbol("given");

interface Given extends Uint8Array {
	[given]?: true;
}

export function give(chunk: Buffer): Buffer {
	(chunk as Given)[given] = true;
	return chunk;
}

type Written = (error?: Error | null) => void;

/** Takes the place of the socket's own `write`. */
export function freeWrites(socket: Socket): void {
	const write = socket.write.bind(socket) as (
		chunk: Uint8Array | string,
		encoding?: BufferEncoding,
		written?: Written,
	) => boolean;
	let corked = false;
	const uncork = (): void => {
		corked = false;
		socket.uncork();
	};
	const writeFreed = (
		chunk: Uint8Array | string,
		encoding?: BufferEncoding,
		written?: Written,
	): boolean => {
		if (!corked) {
			corked = true;
			socket.cork();
			process.nextTick(uncork);
		}
		if (typeof chunk === "string" || !(chunk as Given)[given]) {
			return write(chunk, encoding, written);
		}
		return write(chunk, undefined, (error) => {
			if (!error) free(chunk as Buffer);
		});
	};
	socket.write = writeFreed as Socket["write"];
}
