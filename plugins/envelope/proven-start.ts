/** A body whose first bytes are there, so that what fails before them is an error document and not a broken connection. */
import type { Body, Flow, Receiver } from "../../src/index.ts";

const empty = Buffer.alloc(0);

/** Starts the body and waits for its first bytes, or its end. @throws what it fails with before */
export function provenStart(body: Body): Promise<Body> {
	return new Promise((resolve, reject) => {
		let receiver: Receiver | undefined;
		let held: Buffer | undefined;
		let last: ((to: Receiver) => void) | undefined;
		let proven = false;
		const flow: Flow = body.start({
			data(chunk, given) {
				if (receiver !== undefined) return receiver.data(chunk, given);
				held =
					held === undefined && given
						? chunk
						: Buffer.concat([held ?? empty, chunk]);
				begin();
				return false;
			},
			end: () => finish((to) => to.end()),
			fail(error) {
				if (proven) finish((to) => to.fail(error));
				else reject(error);
			},
		});
		const begin = (): void => {
			proven = true;
			resolve({ length: body.length, start });
		};
		const finish = (tell: (to: Receiver) => void): void => {
			begin();
			if (receiver === undefined) last = tell;
			else tell(receiver);
		};
		const start = (to: Receiver): Flow => {
			let over = false;
			queueMicrotask(() => {
				if (over) return;
				receiver = to;
				const ready = held === undefined || to.data(held, true);
				held = undefined;
				if (over) return;
				if (last !== undefined) last(to);
				else if (ready) flow.resume();
			});
			return {
				resume: () => flow.resume(),
				stop(reason) {
					over = true;
					flow.stop(reason);
				},
			};
		};
	});
}
