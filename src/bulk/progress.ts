/** How far a run is, in a line. Pure. */

export interface Progress {
	readonly objects: number;
	readonly bytes: number;
	/** Of this run. */
	readonly seconds: number;
	/** Objects that there are for this run; undefined until they are counted. */
	readonly total: number | undefined;
}

export function progressLine({
	objects,
	bytes,
	seconds,
	total,
}: Progress): string {
	const rate = seconds > 0 ? objects / seconds : 0;
	const speed = `${rate.toFixed(rate < 10 ? 1 : 0)} objects/s`;
	const done = `${objects}${total === undefined ? "" : ` of ${total}`} objects, ${sizeText(bytes)}`;
	if (total === undefined || rate === 0) return `${done}, ${speed}`;
	const left = durationText(Math.max(0, total - objects) / rate);
	return `${barText(objects, total)} ${done}, ${speed}, ${left} left`;
}

const width = 24;

function barText(done: number, total: number): string {
	const share = total === 0 ? 1 : Math.min(1, done / total);
	const filled = Math.round(width * share);
	return `[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${Math.floor(share * 100)}%`;
}

/** @param seconds at least 0 */
export function durationText(seconds: number): string {
	const whole = Math.ceil(seconds);
	const [hours, minutes] = [
		Math.floor(whole / 3_600),
		Math.floor(whole / 60) % 60,
	];
	if (hours > 0) return `${hours} h ${minutes} min`;
	return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

export function sizeText(bytes: number): string {
	const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let [size, unit] = [bytes, 0];
	while (size >= 1_024 && unit < units.length - 1) {
		size /= 1_024;
		unit += 1;
	}
	return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
