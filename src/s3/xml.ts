/** The small XML documents of S3: read whole, within limits, without DTDs. */
import { SaxesParser } from "saxes";
import { SealgateError } from "../errors.ts";

export interface XmlElement {
	/** Without its namespace prefix. */
	readonly name: string;
	readonly attributes?: Readonly<Record<string, string>>;
	readonly children: readonly XmlElement[];
	/** All text directly inside, kept exactly. */
	readonly text: string;
}

const deepest = 16;
const mostElements = 1_000_000;

/** @throws SealgateError `xml-malformed`, also for a document type declaration or one that is too deep */
export function parseXml(document: Buffer | string): XmlElement {
	interface Open {
		name: string;
		attributes: Record<string, string>;
		children: XmlElement[];
		text: string;
	}
	const parser = new SaxesParser();
	const open: Open[] = [];
	let root: XmlElement | undefined;
	let count = 0;
	const refuse = (cause: unknown): never => {
		throw new SealgateError(
			"xml-malformed",
			"The XML you provided was not well-formed or did not validate against our published schema",
			{ cause },
		);
	};
	parser.on("error", refuse);
	parser.on("doctype", () => refuse(new Error("a document type declaration")));
	parser.on("opentag", (tag) => {
		count += 1;
		if (open.length >= deepest || count > mostElements) {
			refuse(new Error("too deep or too large"));
		}
		open.push({
			name: tag.name.slice(tag.name.indexOf(":") + 1),
			attributes: { ...tag.attributes },
			children: [],
			text: "",
		});
	});
	const text = (part: string): void => {
		const current = open.at(-1);
		if (current !== undefined) current.text += part;
	};
	parser.on("text", text);
	parser.on("cdata", text);
	parser.on("closetag", () => {
		const closed = open.pop() as Open;
		const parent = open.at(-1);
		if (parent === undefined) root = closed;
		else parent.children.push(closed);
	});
	parser.write(
		typeof document === "string" ? document : decode(document, refuse),
	);
	parser.close();
	return root ?? refuse(new Error("no element"));
}

/** Bytes that are no UTF-8 are refused: read leniently, two keys could become one. */
function decode(document: Buffer, refuse: (cause: unknown) => never): string {
	try {
		return new TextDecoder("utf-8", { fatal: true }).decode(document);
	} catch (cause) {
		return refuse(cause);
	}
}

export function element(
	name: string,
	content: string | number | boolean | readonly XmlElement[],
	attributes?: Readonly<Record<string, string>>,
): XmlElement {
	const nested = typeof content === "object";
	return {
		name,
		...(attributes === undefined ? {} : { attributes }),
		children: nested ? content : [],
		text: nested ? "" : String(content),
	};
}

export function renderXml(root: XmlElement): string {
	return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root)}`;
}

function render(node: XmlElement): string {
	const attributes = Object.entries(node.attributes ?? {})
		.map(([name, value]) => ` ${name}="${escapeText(value)}"`)
		.join("");
	const inside = escapeText(node.text) + node.children.map(render).join("");
	return inside === ""
		? `<${node.name}${attributes}/>`
		: `<${node.name}${attributes}>${inside}</${node.name}>`;
}

const escapes: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
};

/** Control characters go out as references, as S3 writes them for keys that hold them. */
function escapeText(text: string): string {
	return text.replace(
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant
		/[&<>"\u0000-\u0008\u000b-\u001f]/g,
		(character) => escapes[character] ?? `&#${character.charCodeAt(0)};`,
	);
}

export function child(
	parent: XmlElement,
	name: string,
): XmlElement | undefined {
	return parent.children.find((candidate) => candidate.name === name);
}

export function childText(
	parent: XmlElement,
	name: string,
): string | undefined {
	return child(parent, name)?.text;
}

export function children(
	parent: XmlElement,
	name: string,
): readonly XmlElement[] {
	return parent.children.filter((candidate) => candidate.name === name);
}
