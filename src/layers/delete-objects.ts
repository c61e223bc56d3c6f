/** Each key of a DeleteObjects is judged as a DeleteObject on its own route; refusals are reported key by key. */
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { bodyOf } from "../http/body.ts";
import type { S3Request, S3Response } from "../pipeline.ts";
import type { Route } from "../routes.ts";
import {
	child,
	children,
	childText,
	element,
	parseXml,
	renderXml,
	type XmlElement,
} from "../s3/xml.ts";
import type { RouteOf } from "./choose.ts";
import { checkRouteLimit, mayUseObject } from "./client-limits.ts";
import { evaluate } from "./evaluate.ts";
import { readStoreDocument } from "./store-document.ts";

/** Keys that S3 takes in one request. */
const mostKeys = 1_000;
/** Bytes of an answer about so many keys, each of 1,024 bytes and escaped. */
const answerBytes = 16 * 1024 * 1024;

export async function deleteObjects(
	request: S3Request,
	exchange: Exchange,
	at: RouteOf,
	send: (request: S3Request) => Promise<S3Response>,
): Promise<S3Response> {
	const document = parseXml(request.body?.content ?? Buffer.alloc(0));
	const objects = children(document, "Object");
	if (
		document.name !== "Delete" ||
		objects.length === 0 ||
		objects.length > mostKeys ||
		// Stores differ in which of two they read, and one of them would go unjudged.
		objects.some((object) => children(object, "Key").length !== 1)
	) {
		throw new SealgateError(
			"xml-malformed",
			"The XML you provided was not well-formed or did not validate against our published schema",
		);
	}
	const kept: XmlElement[] = [];
	const refused: XmlElement[] = [];
	for (const object of objects) {
		const judged = await judgeKey(
			childText(object, "Key") ?? "",
			object,
			request,
			exchange,
			at,
		);
		if (judged instanceof SealgateError)
			refused.push(refusalOf(object, judged));
		else kept.push(judged);
	}
	const asAsked = kept.every((object, index) => object === objects[index]);
	if (refused.length === 0 && asAsked) return send(request);
	if (exchange.asSent !== undefined) throw signedWhole(refused.length);
	if (kept.length === 0) return answer(200, new Map(), refused);
	const quiet = child(document, "Quiet");
	const rest = renderXml(
		element(
			"Delete",
			quiet === undefined ? kept : [quiet, ...kept],
			document.attributes,
		),
	);
	const response = await send({ ...request, body: bodyOf(rest) });
	if (refused.length === 0) return response;
	if (response.status !== 200 || response.body === undefined) return response;
	const results = await readStoreDocument(
		response.body,
		answerBytes,
		"answer to DeleteObjects",
	);
	return answer(200, response.headers, [...results.children, ...refused]);
}

/** The client signed the whole list: no part of it can leave alone. */
function signedWhole(refused: number): SealgateError {
	return new SealgateError(
		"policy-refused",
		`Access Denied: ${refused} of these keys may not be deleted, and the list that you signed passes whole or not at all.`,
	);
}

/** The object as it may be deleted, its conditions in the store's words; or why it may not. */
async function judgeKey(
	key: string,
	object: XmlElement,
	request: S3Request,
	exchange: Exchange,
	at: RouteOf,
): Promise<XmlElement | SealgateError> {
	const { bucket = "" } = request.operation;
	if (!mayUseObject(exchange.client?.limits ?? {}, bucket, key)) {
		return new SealgateError(
			"access-denied",
			"Access Denied: this client may not use the key.",
		);
	}
	const versionId = childText(object, "VersionId");
	let route: Route;
	try {
		route = at("DeleteObject", { bucket, key });
		checkRouteLimit(exchange, route);
	} catch (error) {
		return error as SealgateError;
	}
	const conditions = conditionsOf(object);
	const { refusal, request: judged } = await evaluate(
		route,
		{
			operation: {
				name: "DeleteObject",
				method: "DELETE",
				bucket,
				key,
				query: versionId === undefined ? [] : [["versionId", versionId]],
			},
			headers: new Map([...request.headers, ...conditions]),
			body: undefined,
		},
		{ ...exchange, route },
	);
	if (route.mode !== "enforce") return object;
	return refusal ?? withEtag(object, judged.headers.get("if-match"));
}

/** The conditions of one object, as a DeleteObject says them. */
function conditionsOf(object: XmlElement): Map<string, string> {
	const named = [
		["if-match", childText(object, "ETag")],
		["x-amz-if-match-size", childText(object, "Size")],
	] as const;
	return new Map(
		named.filter((pair): pair is [(typeof pair)[0], string] => !!pair[1]),
	);
}

function withEtag(object: XmlElement, etag: string | undefined): XmlElement {
	const asked = childText(object, "ETag");
	if (!asked || etag === undefined || etag === asked) return object;
	const children = object.children.map((part) =>
		part.name === "ETag" ? { ...part, text: etag } : part,
	);
	return { ...object, children };
}

function refusalOf(object: XmlElement, error: SealgateError): XmlElement {
	const versionId = child(object, "VersionId");
	return element("Error", [
		element("Key", childText(object, "Key") ?? ""),
		...(versionId === undefined ? [] : [versionId]),
		element("Code", error.kind.s3),
		element("Message", error.message),
	]);
}

function answer(
	status: number,
	headers: S3Response["headers"],
	results: readonly XmlElement[],
): S3Response {
	const body = bodyOf(
		renderXml(
			element("DeleteResult", results, {
				xmlns: "http://s3.amazonaws.com/doc/2006-03-01/",
			}),
		),
	);
	const kept = new Map(headers).set("content-type", "application/xml");
	kept.delete("content-length");
	return { status, headers: kept, body };
}
