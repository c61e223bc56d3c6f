/** The objects that an S3 Inventory names, in the order of its files. AWS, "Amazon S3 Inventory list"; CSV alone. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import type { Item } from "./item.ts";
import type { Target } from "./target.ts";

const manifest = z.object({
	sourceBucket: z.string(),
	fileFormat: z.literal("CSV", "only inventories in CSV are read"),
	fileSchema: z.string(),
	files: z.array(z.object({ key: z.string() })),
});

export interface Inventory {
	items(position: string): AsyncGenerator<Item>;
}

/**
 * @param file `manifest.json`; its data files lie beside it, or in `data/` beside it or above
 * @throws Error where it is none, or of another bucket
 */
export async function openInventory(
	file: string,
	{ bucket, prefix }: Target,
): Promise<Inventory> {
	const found = manifest.safeParse(JSON.parse(await readFile(file, "utf8")));
	if (!found.success)
		throw new Error(
			`${file} is no manifest of an inventory: ${found.error.issues[0]?.message}`,
		);
	const { sourceBucket, fileSchema, files } = found.data;
	if (sourceBucket !== bucket)
		throw new Error(
			`${file} is an inventory of ${sourceBucket}, not of ${bucket}`,
		);
	const read = rowReader(fileSchema);
	return {
		async *items(position) {
			const [fromFile = 0, fromRow = 0] = position.split(":").map(Number);
			for (const [index, { key }] of files.entries()) {
				if (index < fromFile) continue;
				let row = 0;
				for await (const line of linesOf(file, key)) {
					row += 1;
					if (index === fromFile && row <= fromRow) continue;
					const item = read(line);
					if (item?.key.startsWith(prefix))
						yield { ...item, position: `${index}:${row}` };
				}
			}
		},
	};
}

async function* linesOf(manifest: string, key: string): AsyncGenerator<string> {
	const folder = dirname(manifest);
	const name = basename(key);
	for (const place of [name, join("data", name), join("..", "data", name)]) {
		const raw = createReadStream(join(folder, place));
		try {
			await new Promise((resolve, reject) =>
				raw.once("open", resolve).once("error", reject),
			);
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
			throw error;
		}
		const input = name.endsWith(".gz") ? createGunzip() : undefined;
		if (input) raw.on("error", (error) => input.destroy(error)).pipe(input);
		const text = input ?? raw;
		const broken = new Promise<never>((_, reject) => text.on("error", reject));
		broken.catch(() => {}); // told below, where it is waited for
		const lines = createInterface({ input: text, crlfDelay: Infinity });
		const each = lines[Symbol.asyncIterator]();
		try {
			for (;;) {
				const next = await Promise.race([each.next(), broken]);
				if (next.done) break;
				if (next.value !== "") yield next.value;
			}
		} finally {
			lines.close();
			raw.destroy();
		}
		return;
	}
	throw new Error(`${name}, which ${manifest} names, is not beside it`);
}

/** @param schema names of the columns, with commas between */
function rowReader(schema: string): (line: string) => Item | undefined {
	const columns = schema.split(",").map((name) => name.trim());
	const at = (name: string) => columns.indexOf(name);
	if (at("Key") < 0) throw new Error("the inventory has no column Key");
	return (line) => {
		const fields = csvFields(line);
		const field = (name: string) => fields[at(name)] ?? "";
		if (field("IsDeleteMarker") === "true") return undefined;
		if (field("IsLatest") === "false") return undefined;
		return {
			key: decodeURIComponent(field("Key").replaceAll("+", " ")),
			latest: true,
			size: Number(field("Size")),
		};
	};
}

/** One line of RFC 4180. Keys are percent-encoded, so that no field holds a line end. Pure. */
export function csvFields(line: string): string[] {
	return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
		([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? "",
	);
}
