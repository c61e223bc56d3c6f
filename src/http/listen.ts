/** Where a server listens: an address, or a Unix socket with permissions of its own. */
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { type AddressInfo, connect, type Server } from "node:net";

/**
 * @param address `host:port`, `[address]:port` or `unix:/path`
 * @param mode permissions of a Unix socket; who may write to it may connect
 * @returns the address that was bound, in the same spelling; the path of a socket
 * @throws Error with a sentence where the address is taken. A socket on which nobody listens is removed
 */
export async function listen(
	server: Server,
	address: string,
	mode: number,
): Promise<string> {
	if (!address.startsWith("unix:")) {
		const colon = address.lastIndexOf(":");
		const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
		await bind(server, address, () =>
			server.listen(Number(address.slice(colon + 1)), host),
		);
		const bound = server.address() as AddressInfo;
		return bound.family === "IPv6"
			? `[${bound.address}]:${bound.port}`
			: `${bound.address}:${bound.port}`;
	}
	const path = address.slice("unix:".length);
	await removeStale(path);
	await bind(server, address, () => {
		// Nobody else connects in the moment between bind and chmod.
		const before = process.umask(0o177);
		try {
			server.listen(path);
		} finally {
			process.umask(before);
		}
	});
	chmodSync(path, mode);
	return path;
}

function bind(
	server: Server,
	address: string,
	begin: () => void,
): Promise<void> {
	return new Promise((resolve, reject) => {
		const failed = (error: NodeJS.ErrnoException): void =>
			reject(
				error.code === "EADDRINUSE"
					? new Error(
							`${address} is in use by another program: choose another address or stop it`,
						)
					: error,
			);
		server.once("error", failed);
		server.once("listening", () => {
			server.off("error", failed);
			resolve();
		});
		begin();
	});
}

/** Removes a socket that was left behind by a process that was killed. Any other file is left alone. */
export async function removeStale(path: string): Promise<void> {
	if (await isStale(path)) unlinkSync(path);
}

function isStale(path: string): Promise<boolean> {
	const found = lstatSync(path, { throwIfNoEntry: false });
	if (!found?.isSocket()) return Promise.resolve(false);
	return new Promise((resolve) => {
		const socket = connect(path);
		socket.once("connect", () => {
			socket.destroy();
			resolve(false);
		});
		socket.once("error", (error: NodeJS.ErrnoException) =>
			resolve(error.code === "ECONNREFUSED"),
		);
	});
}
