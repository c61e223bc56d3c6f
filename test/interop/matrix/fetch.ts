/** A request without credentials, as whoever was given a URL sends it. */
import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import type { Place } from "./client.ts";

/** @throws Error where the answer is none of 2xx, with its text */
export async function fetchAt(
	place: Place,
	url: string,
	{ method = "GET", body }: { method?: "GET" | "PUT"; body?: Buffer } = {},
): Promise<Buffer> {
	const dispatcher = new Agent(
		place.caFile ? { connect: { ca: readFileSync(place.caFile) } } : {},
	);
	try {
		const answer = await request(url, {
			method,
			dispatcher,
			...(body ? { body } : {}),
		});
		const content = Buffer.from(await answer.body.arrayBuffer());
		if (answer.statusCode >= 300)
			throw new Error(`${method} ${answer.statusCode} ${content}`);
		return content;
	} finally {
		await dispatcher.close();
	}
}
