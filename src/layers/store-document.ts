/** An XML document that a store answered. What is wrong with it is the store's fault, never the client's. */
import { SealgateError } from "../errors.ts";
import { type Body, readAll } from "../http/body.ts";
import { parseXml, type XmlElement } from "../s3/xml.ts";

/**
 * @param limit most bytes accepted
 * @param what names the document in a sentence: "list of buckets"
 * @throws SealgateError `upstream-broken` for one that is too long or no XML
 */
export async function readStoreDocument(
	body: Body,
	limit: number,
	what: string,
): Promise<XmlElement> {
	const content = await readAll(
		body,
		limit,
		() =>
			new SealgateError("upstream-broken", `The store's ${what} is too long.`),
	);
	try {
		return parseXml(content);
	} catch (cause) {
		throw new SealgateError(
			"upstream-broken",
			`The store's ${what} cannot be read.`,
			{ cause },
		);
	}
}
