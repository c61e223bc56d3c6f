/** Connections that are neither the primary's nor a worker's any more. */
import type { ChildProcess } from "node:child_process";

/** A connection on its way from one process to another, as node:cluster sends it. */
interface Handle {
	close(): void;
}

/**
 * Closes the connection that was handed to a worker and not yet taken when the worker was killed: its client would wait
 * for ever. node:cluster has one on its way to each worker at most, and keeps it until an answer that never comes
 * (lib/internal/cluster/round_robin_handle.js of Node 24). One that was taken is closed here already: closing it again
 * does nothing.
 */
export function closeOrphan(worker: ChildProcess): void {
	let handed: Handle | undefined;
	const send = worker.send as (...given: unknown[]) => boolean;
	worker.send = (...given: unknown[]) => {
		const [, handle] = given;
		if (isHandle(handle)) handed = handle;
		return send.apply(worker, given);
	};
	worker.once("exit", (_, signal) => {
		if (signal !== null) handed?.close();
	});
}

/** In the place of a handle a message without one may have its callback. */
function isHandle(given: unknown): given is Handle {
	return typeof given === "object" && given !== null && "close" in given;
}
