/** The small XML documents of S3: read whole, within limits, without DTDs. */
import { SaxesParser } from "saxes";
import { SealgateError } from "../errors.ts";
import { parsePlainXml } from "./plain-xml.ts";

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
	const text = typeof document === "string" ? document : decode(document);
	return parsePlainXml(text, deepest, mostElements) ?? parseAnyXml(text);
}

function refuse(cause: unknown): never {
	throw new SealgateError(
		"xml-malformed",
		"The XML you provided was not well-formed or did not validate against our published schema",
		{ cause },
	);
}

/** Whatever XML it is. @throws SealgateError as `parseXml` */
export function parseAnyXml(document: string): XmlElement {
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
	parser.write(document);
	parser.close();
	return root ?? refuse(new Error("no element"));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes that are no UTF-8 are refused: read leniently, two keys could become one. */
function decode(document: Buffer): string {
	try {
		return utf8.decode(document);
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

function render({ name, attributes, children, text }: XmlElement): string {
	let tag = name;
	for (const attribute in attributes)
		tag += ` ${attribute}="${escapeText(attributes[attribute] as string)}"`;
	let inside = escapeText(text);
	for (const child of children) inside += render(child);
	return inside === "" ? `<${tag}/>` : `<${tag}>${inside}</${name}>`;
}

const escapes: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
};

/** Control characters go out as references, as S3 writes them for keys that hold them. */
function escapeText(text: string): string {
	if (!special.test(text)) return text;
	return text.replaceAll(
		allSpecial,
		(character) => escapes[character] ?? `&#${character.charCodeAt(0)};`,
	);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is escaped
const special = /[&<>"\u0000-\u0008\u000b-\u001f]/;
const allSpecial = new RegExp(special, "g");

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
