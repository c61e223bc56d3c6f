/** Times and sizes as people write them. */
import { z } from "zod";

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const bytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `250ms`, `30s`, `5m`, `1h`; becomes milliseconds. */
export const duration = z
	.string()
	.regex(/^\d+(ms|s|m|h)$/, "a time such as 250ms, 30s, 5m or 1h")
	.transform((text) => {
		const [, digits, unit] = /^(\d+)(.+)$/.exec(text) as unknown as [
			string,
			string,
			keyof typeof milliseconds,
		];
		return Number(digits) * milliseconds[unit];
	});

/** `16KiB`, `5GiB` or a number of bytes; becomes bytes. */
export const size = z
	.union([
		z.int().nonnegative(),
		z
			.string()
			.regex(/^\d+(B|KiB|MiB|GiB)$/, "a size such as 16KiB, 2MiB or 5GiB"),
	])
	.transform((value) => {
		if (typeof value === "number") return value;
		const [, digits, unit] = /^(\d+)(.+)$/.exec(value) as unknown as [
			string,
			string,
			keyof typeof bytes,
		];
		return Number(digits) * bytes[unit];
	});
