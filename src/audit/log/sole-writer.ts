/**
 * One process writes a log: two would each go on from the same line, and the second would write over what the first
 * was told is durable. A socket beside the folder says who does: the system closes it when its process ends, however
 * it ends. It is seen by the processes of one machine; what another machine writes, `segment-file.ts` finds out.
 */
import { lstat, open, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";

/** Bytes that the path of a socket has room for on every system that we know. */
const longestPath = 100;

/**
 * @param folder that is there
 * @returns gives it back
 * @throws Error where another process writes there, or this one already does
 */
export async function claimLog(folder: string): Promise<() => Promise<void>> {
	const path = `${folder}.writer`;
	const short = await shortened(path);
	try {
		const server = await claim(folder, path, short.path);
		return async () => {
			await new Promise((resolve) => server.close(resolve));
			await short.close();
		};
	} catch (error) {
		await short.close();
		throw error;
	}
}

async function claim(
	folder: string,
	path: string,
	short: string,
): Promise<Server> {
	const mine = await listenOn(short);
	if (mine !== undefined) return mine;
	if (await answers(short)) throw taken(folder);
	// Whatever else lies there is not ours to remove.
	if ((await lstat(path)).isSocket()) await unlink(path);
	const late = await listenOn(short);
	if (late !== undefined) return late;
	throw taken(folder);
}

/** Undefined where the name is taken. */
function listenOn(path: string): Promise<Server | undefined> {
	const server = createServer((socket) => socket.destroy()).unref();
	return new Promise((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) =>
			error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
		);
		server.listen({ path }, () => resolve(server));
	});
}

/** Whether a process listens there. One that has ended leaves the name, and nobody behind it. */
function answers(path: string): Promise<boolean> {
	return new Promise((resolve, reject) => {
		const socket = connect({ path });
		socket.once("connect", () => {
			socket.destroy();
			resolve(true);
		});
		socket.once("error", (error: NodeJS.ErrnoException) => {
			const gone = error.code === "ECONNREFUSED" || error.code === "ENOENT";
			// Too many ask at once, or it is just going.
			const there = error.code === "EAGAIN" || error.code === "ECONNRESET";
			if (gone || there) resolve(there);
			else reject(error);
		});
	});
}

/** The same name, short enough. @throws Error on a system that has no such name */
async function shortened(
	path: string,
): Promise<{ readonly path: string; close(): Promise<void> }> {
	if (Buffer.byteLength(path) <= longestPath) {
		return { path, async close() {} };
	}
	if (process.platform !== "linux") {
		throw new Error(`${path} is too long for a socket: name a shorter folder`);
	}
	const folder = await open(dirname(path), "r");
	return {
		path: join(`/proc/self/fd/${folder.fd}`, basename(path)),
		close: () => folder.close(),
	};
}

function taken(folder: string): Error {
	return new Error(
		`another process writes the audit log ${folder}. A log has one writer: name a folder of its own for each gateway`,
	);
}
