/** Closing so that the client can still read the answer: bytes that arrive at a closed socket reset the connection. */
import type { Socket } from "node:net";

/** Milliseconds for which an answered client may go on sending. */
const lingerTime = 2_000;

/** Ends our side, and destroys the socket when the client has ended its own, at the latest after two seconds. */
export function lingeringEnd(socket: Socket, last?: Buffer): void {
	const timer = setTimeout(() => socket.destroy(), lingerTime);
	socket.once("close", () => clearTimeout(timer));
	const over = socket.readableEnded ? "finish" : "end";
	socket.once(over, () => socket.destroy());
	socket.on("error", () => socket.destroy());
	if (last === undefined) socket.end();
	else socket.end(last);
}

/**
 * Makes Node close the socket like that when the answer has left. Node calls `destroySoon`, which does not wait for
 * what the client still sends, and offers no other hook.
 * @param meanwhile throws away what arrives
 */
export function lingerAfterAnswer(socket: Socket, meanwhile: () => void): void {
	socket.destroySoon = () => {
		lingeringEnd(socket);
		meanwhile();
	};
}
