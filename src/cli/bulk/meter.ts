/** Progress on stderr: a bar on a terminal, a line now and then in a pipe. */
import { type Progress, progressLine } from "../../bulk/progress.ts";

export interface Meter {
	add(objects: number, bytes: number): void;
	/** Objects that there are for this run, once they are counted. */
	total(objects: number): void;
	end(): void;
}

const onTerminal = 250;
const inPipe = 10_000;

export function startMeter(output: NodeJS.WriteStream = process.stderr): Meter {
	const began = performance.now();
	let progress: Progress = {
		objects: 0,
		bytes: 0,
		seconds: 0,
		total: undefined,
	};
	const line = (): string =>
		progressLine({
			...progress,
			seconds: (performance.now() - began) / 1_000,
		});
	const terminal = output.isTTY === true;
	const tell = terminal
		? () => output.write(`\r${line()}\x1b[K`)
		: () => output.write(`${line()}\n`);
	const timer = setInterval(tell, terminal ? onTerminal : inPipe).unref();
	return {
		add(objects, bytes) {
			progress = {
				...progress,
				objects: progress.objects + objects,
				bytes: progress.bytes + bytes,
			};
		},
		total(objects) {
			progress = { ...progress, total: objects };
		},
		end() {
			clearInterval(timer);
			if (terminal) output.write(`\r${line()}\x1b[K\n`);
			else tell();
		},
	};
}
