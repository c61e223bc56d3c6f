/** Takes the PROXY header off the start of a connection. */
import type { Socket } from "node:net";
import { parseProxyHeader } from "./proxy-protocol.ts";

/**
 * Calls `done` once, with the address of the client where the header tells it; the socket is
 * paused there, and what follows the header is still to be read. Destroys the socket where no header comes, or not in time.
 * @param time milliseconds
 */
export function readProxyHeader(
	socket: Socket,
	time: number,
	done: (source: string | undefined) => void,
): void {
	let read = Buffer.alloc(0);
	const fail = (): void => {
		socket.destroy();
	};
	const timer = setTimeout(fail, time);
	const finish = (): void => {
		clearTimeout(timer);
		socket.off("data", take).off("error", fail);
		socket.off("end", fail).off("close", finish);
	};
	const take = (chunk: Buffer): void => {
		read = Buffer.concat([read, chunk]);
		try {
			const header = parseProxyHeader(read);
			if (header === undefined) return;
			finish();
			socket.pause();
			const rest = read.subarray(header.size);
			if (rest.length > 0) socket.unshift(rest);
			done(header.source);
		} catch {
			fail();
		}
	};
	socket.on("data", take).on("error", fail);
	socket.on("end", fail).on("close", finish);
}
