/** Clients that send or read next to nothing: each kind holds a connection as long as it is let. */
import { connect, type Socket } from "node:net";
import { signRaw } from "./raw-s3.ts";

const host = "h";
const put = (length: number): string =>
	`PUT /bucket/slow HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`;

/** An upload of an access key that is known: its body is asked for. */
const signedPut = (): string =>
	signRaw({
		method: "PUT",
		target: "/bucket/slow",
		host,
		payload: "UNSIGNED-PAYLOAD",
		headers: [["Content-Length", "1000000"]],
	}).head;

const signedGet = (key: string): string =>
	signRaw({ method: "GET", target: `/bucket/${key}`, host }).head;

interface Kind {
	/** Written at once. */
	readonly begins: () => string;
	/** Written again and again. */
	readonly drips?: string;
	readonly reads: boolean;
}

export const slowKinds = {
	"says nothing": { begins: () => "", reads: true },
	"half a head": { begins: () => "GET / HTTP/1.1\r\nHost", reads: true },
	"a head in drops": {
		begins: () => "GET / HTTP/1.1\r\nHost: h\r\nX: ",
		drips: "x",
		reads: true,
	},
	"a refused body that stalls": { begins: () => put(1_000), reads: true },
	"a refused body in drops": {
		begins: () => put(200_000),
		drips: "x",
		reads: true,
	},
	"a body that stalls": { begins: signedPut, reads: true },
	"a body in drops": { begins: signedPut, drips: "x", reads: true },
	"chunks in drops": {
		begins: () =>
			signRaw({
				method: "PUT",
				target: "/bucket/slow",
				host,
				payload: "UNSIGNED-PAYLOAD",
				headers: [
					["Transfer-Encoding", "chunked"],
					["x-amz-decoded-content-length", "1000000"],
				],
				unsigned: ["transfer-encoding"],
			}).head,
		drips: "1\r\nx\r\n",
		reads: true,
	},
	"an answer that is not read": {
		begins: () => signedGet("large"),
		reads: false,
	},
	"idle after an answer": { begins: () => signedGet("small"), reads: true },
} as const satisfies Record<string, Kind>;

export type SlowKind = keyof typeof slowKinds;

export interface SlowClient {
	readonly kind: SlowKind;
	/** Milliseconds that it lived, once the other side has closed it. One that does not read never learns of it. */
	readonly closed: Promise<number>;
	/** Reads what there is, to its end. */
	read(): void;
	destroy(): void;
}

/** @param interval milliseconds between drops */
export function slowClient(
	address: string,
	kind: SlowKind,
	interval: number,
): SlowClient {
	const { begins, reads, drips }: Kind = slowKinds[kind];
	const [ip, port] = address.split(":");
	const begun = performance.now();
	const socket: Socket = connect({ host: ip, port: Number(port) });
	if (reads) socket.resume();
	else socket.pause();
	socket.on("error", () => {});
	const first = begins();
	if (first !== "") socket.write(first);
	const timer =
		drips === undefined
			? undefined
			: setInterval(() => socket.write(drips), interval);
	const closed = new Promise<number>((resolve) => {
		const end = (): void => {
			clearInterval(timer);
			resolve(performance.now() - begun);
			socket.destroy();
		};
		socket.on("end", end);
		socket.on("close", end);
	});
	return {
		kind,
		closed,
		read: () => void socket.resume(),
		destroy: () => void socket.destroy(),
	};
}
