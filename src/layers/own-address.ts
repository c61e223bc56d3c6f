/** No answer names the store's address: where S3 writes one, the client reads the address that it asked. */
import { SealgateError } from "../errors.ts";
import { type Body, bodyOf, through } from "../http/body.ts";
import { withoutHeaders } from "../http/headers.ts";
import type { S3Response } from "../pipeline.ts";
import type { Operation } from "../s3/operation.ts";
import { parseXml, renderXml, type XmlElement } from "../s3/xml.ts";
import { encodeQueryValue } from "../sigv4/canonical.ts";
import { lateToFail } from "./store-errors.ts";

/** How the client addressed the request. */
export interface OwnAddress {
	readonly secure: boolean;
	/** `Host`, as received. */
	readonly host: string;
	/** Whether the bucket stood in the host. */
	readonly virtual: boolean;
}

/** Bytes of a document that names an address. */
const documentBytes = 1024 * 1024;

export function withOwnAddress(
	response: S3Response,
	operation: Operation,
	own: OwnAddress,
): S3Response {
	const { status, body } = response;
	// What answers a form is written here and not by the store, and names what the form says.
	if (operation.name === "PostObject" && status < 400) return response;
	const succeeded = status < 300;
	let { headers } = response;
	if (succeeded && headers.has("location")) {
		const location = headers.get("location") as string;
		headers = new Map(headers).set(
			"location",
			location.startsWith("/") && !location.startsWith("//")
				? pathOf(operation, false)
				: urlOf(operation, own),
		);
	}
	const read = succeeded ? lateToFail.has(operation.name) : status >= 400;
	if (body === undefined || !read) return { ...response, headers };
	const rewrite = (text: string) => rewriteDocument(text, operation, own);
	if (body.content !== undefined) {
		const text = rewrite(body.content.toString("utf8"));
		return text === undefined
			? { ...response, headers }
			: { ...response, headers: unsized(headers), body: bodyOf(text) };
	}
	return {
		...response,
		headers: unsized(headers),
		body: rewritten(body, rewrite),
	};
}

const unsized = (headers: S3Response["headers"]) =>
	withoutHeaders(headers, (name) => name === "content-length");

/** S3 writes the slashes of a key as `%2F`. */
function pathOf({ bucket, key }: Operation, virtual: boolean): string {
	const start = virtual || bucket === undefined ? "" : `/${bucket}`;
	if (key !== undefined) return `${start}/${encodeQueryValue(key)}`;
	return start === "" ? "/" : start;
}

function urlOf(operation: Operation, own: OwnAddress): string {
	return `${own.secure ? "https" : "http"}://${own.host}${pathOf(operation, own.virtual)}`;
}

/** @returns undefined where the document names no address, or is none of ours to read */
function rewriteDocument(
	text: string,
	operation: Operation,
	own: OwnAddress,
): string | undefined {
	if (!/<(\w+:)?(Location|Endpoint|HostId)[\s>]/.test(text)) return undefined;
	const root = parse(text);
	const replaced: Readonly<Record<string, string>> =
		root.name === "Error"
			? { Endpoint: own.host, HostId: "sealgate" }
			: { Location: urlOf(operation, own) };
	return renderXml({
		...root,
		children: root.children.map(
			(node): XmlElement =>
				node.name in replaced
					? { ...node, children: [], text: replaced[node.name] as string }
					: node,
		),
	});
}

function parse(text: string): XmlElement {
	try {
		return parseXml(text);
	} catch (cause) {
		throw new SealgateError(
			"upstream-broken",
			"The store's document cannot be read. Try again.",
			{ cause },
		);
	}
}

const declaration = /^\s*<\?xml[^>]*\?>\s*/;

/**
 * The declaration and the white space that keep a client waiting pass as they come; what follows is held to its end.
 * A document too long or malformed fails: it could name what it must not.
 */
function rewritten(
	body: Body,
	rewrite: (text: string) => string | undefined,
): Body {
	return through(body, undefined, (to) => {
		let held: Buffer[] = [];
		let size = 0;
		let passed = false;
		let begun = false;
		return {
			data(chunk) {
				held.push(Buffer.from(chunk));
				size += chunk.length;
				if (size > documentBytes)
					throw new Error("the store's document is too long");
				if (begun) return true;
				const text = Buffer.concat(held).toString("latin1");
				if (text.replace(declaration, "").trim() !== "") {
					// Perhaps a declaration of which the end is still to come.
					begun = !/^\s*<(\?[^>]*)?$/.test(text);
					return true;
				}
				const whole = Buffer.concat(held);
				held = [];
				size = 0;
				passed = true;
				return to.data(whole);
			},
			end() {
				const text = Buffer.concat(held).toString("utf8");
				const made = rewrite(text);
				const document =
					made === undefined
						? Buffer.concat(held)
						: Buffer.from(passed ? made.replace(declaration, "") : made);
				if (document.length > 0) to.data(document);
				to.end();
			},
		};
	});
}
