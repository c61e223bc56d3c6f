/** Documents of the store that are read, changed and written anew for the client. */
import {
	bodyOf,
	parseXml,
	readAll,
	renderXml,
	type S3Response,
	SealgateError,
	withoutHeaders,
	type XmlElement,
} from "../../src/index.ts";
import { withoutChecksums } from "./metadata.ts";

/** Of a document of the store. */
const documentBytes = 16 * 1024 ** 2;

/** @throws SealgateError `upstream-broken` */
export async function documentOf({ body }: S3Response): Promise<XmlElement> {
	const broken = (cause?: unknown) =>
		new SealgateError(
			"upstream-broken",
			"The store's answer about an upload cannot be read.",
			{ cause },
		);
	if (body === undefined) throw broken();
	const content = await readAll(body, documentBytes, broken);
	try {
		return parseXml(content);
	} catch (error) {
		throw broken(error);
	}
}

/** The element with another text in the children of that name. */
export function withText(
	parent: XmlElement,
	name: string,
	text: string | undefined,
): XmlElement {
	if (text === undefined) return parent;
	const children = parent.children.map((child) =>
		child.name === name ? { ...child, text } : child,
	);
	return { ...parent, children };
}

export function withDocument(
	response: S3Response,
	document: XmlElement,
): S3Response {
	const headers = withoutHeaders(
		withoutChecksums(response.headers),
		(name) => name === "content-length",
	);
	return { ...response, headers, body: bodyOf(renderXml(document)) };
}
