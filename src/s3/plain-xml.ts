/**
 * Reads XML as stores write it: elements and text, an `xmlns` on the root, nothing else. A general parser takes 9 ms for
 * a listing of 1,000 keys, this one 1.4. It refuses nothing: whatever it is not sure of is left to the general one.
 */
import type { XmlElement } from "./xml.ts";

/** What may stand before the root. */
const declaration =
	/^(<\?xml version="1\.0" encoding="(?:UTF-8|utf-8)"\?>)?[\t\n ]*/;
/** Characters that XML forbids or reads as others, halves of a character, and markup that is neither tag nor text. */
const notPlain =
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among what is left to the general parser
	/[\u0000-\u0008\u000b-\u001f\u0085\u2028\ud800-\udfff\ufeff\ufffe\uffff]|]]>|<[!?]/;
const rootTag = /<([A-Za-z]\w*)(?: xmlns="([\w:/.-]*)")?>/y;
const isName = /^[A-Za-z]\w*$/;
/** Those to ASCII: which others are valid is not repeated here. Without their semicolons. */
const references: ReadonlyMap<string, string> = new Map<string, string>([
	...[["&amp", "&"] as const, ["&lt", "<"] as const, ["&gt", ">"] as const],
	...[["&quot", '"'] as const, ["&apos", "'"] as const],
	...Array.from(
		{ length: 0x7f - 0x20 },
		(_, index) =>
			[`&#${index + 0x20}`, String.fromCharCode(index + 0x20)] as const,
	),
]);
/** Shared by the elements that have none: most of a listing's. Nothing is pushed onto it. */
const none: XmlElement[] = [];
const without: Readonly<Record<string, string>> = {};

interface Open {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
	children: XmlElement[];
	text: string;
}

/** @returns undefined for what is not plain, be it well-formed or not, and for what is deeper than `deepest` */
export function parsePlainXml(
	document: string,
	deepest: number,
	mostElements: number,
): XmlElement | undefined {
	const start = declaration.exec(document)?.[0].length ?? 0;
	if (notPlain.test(start === 0 ? document : document.slice(start)))
		return undefined;
	rootTag.lastIndex = start;
	const [opened, name, namespace] = rootTag.exec(document) ?? [];
	if (opened === undefined || name === undefined) return undefined;
	const attributes = namespace === undefined ? without : { xmlns: namespace };
	const root: Open = { name, attributes, children: none, text: "" };
	const end = readInside(document, start + opened.length, root, {
		deepest,
		mostElements,
	});
	return end !== undefined && /^[\t\n ]*$/.test(document.slice(end))
		? root
		: undefined;
}

/** Fills the root. @returns where its end tag ends, or undefined */
function readInside(
	document: string,
	from: number,
	root: Open,
	limits: { readonly deepest: number; readonly mostElements: number },
): number | undefined {
	const open = [root];
	let current = root;
	let count = 1;
	for (let at = from; ; ) {
		const tag = document.indexOf("<", at);
		if (tag < 0) return undefined;
		if (tag > at) {
			const text = textOf(document.slice(at, tag));
			if (text === undefined) return undefined;
			current.text += text;
		}
		if (document.startsWith("</", tag)) {
			const { name } = current;
			const end = tag + 2 + name.length;
			if (!document.startsWith(name, tag + 2) || document[end] !== ">")
				return undefined;
			at = end + 1;
			open.pop();
			const parent = open.at(-1);
			if (parent === undefined) return at;
			current = parent;
			continue;
		}
		const end = document.indexOf(">", tag);
		const closed = document[end - 1] === "/";
		const name = document.slice(tag + 1, closed ? end - 1 : end);
		if (!isName.test(name)) return undefined;
		if (open.length >= limits.deepest || ++count > limits.mostElements)
			return undefined;
		const child: Open = { name, attributes: without, children: none, text: "" };
		if (current.children === none) current.children = [child];
		else current.children.push(child);
		if (!closed) {
			open.push(child);
			current = child;
		}
		at = end + 1;
	}
}

/** With its references resolved; undefined where one is not plain. */
function textOf(text: string): string | undefined {
	let resolved = "";
	let from = 0;
	for (;;) {
		const at = text.indexOf("&", from);
		if (at < 0) return from === 0 ? text : resolved + text.slice(from);
		const end = text.indexOf(";", at);
		const character = end < 0 ? undefined : references.get(text.slice(at, end));
		if (character === undefined) return undefined;
		resolved += text.slice(from, at) + character;
		from = end + 1;
	}
}
