/** The shapes of the store's answers. */
import { bodyOf } from "../http/body.ts";
import type { S3Response } from "../pipeline.ts";
import { element, renderXml, type XmlElement } from "../s3/xml.ts";

export const namespace = { xmlns: "http://s3.amazonaws.com/doc/2006-03-01/" };

/** The one user, in the form of a canonical id. */
export const ownerId =
	"5ea16a7e5ea16a7e5ea16a7e5ea16a7e5ea16a7e5ea16a7e5ea16a7e5ea16a7e";

export function owner(name: "Owner" | "Initiator" = "Owner"): XmlElement {
	return element(name, [
		element("ID", ownerId),
		element("DisplayName", "sealgate"),
	]);
}

export function document(
	status: number,
	root: XmlElement,
	headers: Readonly<Record<string, string>> = {},
): S3Response {
	return {
		status,
		headers: new Map([
			["content-type", "application/xml"],
			...Object.entries(headers),
		]),
		body: bodyOf(renderXml(root)),
	};
}

export function empty(
	status: number,
	headers: Readonly<Record<string, string>> = {},
): S3Response {
	return { status, headers: new Map(Object.entries(headers)), body: undefined };
}
