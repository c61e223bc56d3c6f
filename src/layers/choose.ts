/** Operation to route to policies. What concerns more than one key is judged by every route that it concerns. */
import { SealgateError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { HeaderMap } from "../http/headers.ts";
import type { Handler, Layer, S3Request } from "../pipeline.ts";
import {
	chooseRoute,
	chooseRouteAlike,
	type Route,
	type RoutePolicy,
	routesOfBucket,
	type Subject,
} from "../routes.ts";
import { type CopySource, parseCopySource } from "../s3/copy-source.ts";
import type { OperationName } from "../s3/operations.ts";
import { parseXml, type XmlElement } from "../s3/xml.ts";
import { checkRouteLimit } from "./client-limits.ts";
import { copyAcross } from "./copy-across.ts";
import {
	sourceKeyHeaders,
	sourceOperation,
	withSourceKey,
} from "./copy-source-key.ts";
import { deleteObjects } from "./delete-objects.ts";
import { applyPolicies, aside, evaluate } from "./evaluate.ts";
import { listBuckets } from "./list-buckets.ts";
import { refuseOwnMetadata } from "./own-metadata.ts";
import { asPut } from "./post-object.ts";
import { rewriteListing, rewritesListing } from "./rewrite-listing.ts";

/** What could weaken how the objects of any route are protected: of the bucket, or of one that the document names. */
export const weakening: ReadonlySet<OperationName> = new Set<OperationName>([
	"PutBucketEncryption",
	"DeleteBucketEncryption",
	"PutBucketReplication",
	"PutBucketInventoryConfiguration",
	"RestoreObject",
]);

export function choose(routes: readonly Route[]): Layer {
	return (next) => async (asked, exchange) => {
		let request = asked;
		const { operation } = request;
		refuseOwnMetadata(request.headers);
		const at = routeOf(routes, exchange);
		const route = at(operation.name, operation);
		const routed = { ...exchange, route };
		exchange.findings.route = route.name;
		if (operation.name !== "ListBuckets") checkRouteLimit(exchange, route);
		else if (exchange.asSent === undefined) {
			return pass(route, request, routed, (kept, exchange) =>
				listBuckets(routes, kept, exchange, next),
			);
		}
		if (operation.name === "PostObject") {
			return passForm(route, request, routed, next);
		}
		if (weakening.has(operation.name)) {
			await judgeByEveryRoute(routes, request, routed);
		}
		const copied = request.headers.get("x-amz-copy-source");
		if (copied !== undefined) {
			const source = parseCopySource(copied);
			const from = at("GetObject", source);
			checkRouteLimit(exchange, from);
			if (isStreamed(operation.name, from, route)) {
				if (exchange.asSent !== undefined) throw oneSignature();
				const own = namingOnly(route, operation.name, asWrite[operation.name]);
				return pass(own, request, routed, (kept) =>
					copyAcross(
						kept,
						source,
						exchange,
						(read) => pass(from, read, { ...exchange, route: from }, next),
						(write) => pass(route, write, routed, next),
					),
				);
			}
			const key = sourceKeyHeaders(request.headers);
			const read = await judgeAs("GetObject", source, routed, at, key);
			if (from.mode === "enforce") {
				request = await withSourceKey(
					request,
					source,
					read,
					from,
					exchange,
					next,
				);
			}
		}
		await judgeRename(request, routed, at);
		if (operation.name === "DeleteObjects") {
			return deleteObjects(request, routed, at, (kept) =>
				pass(route, kept, routed, next),
			);
		}
		const response = await pass(route, request, routed, next);
		if (!rewritesListing(routes, operation)) return response;
		return rewriteListing(
			response,
			operation,
			routed,
			(name, entry) => chooseRoute(routes, subjectOf(name, entry, exchange)),
			(route, request) =>
				pass(route, request, aside({ ...routed, route }), next),
		);
	};
}

/** What the store cannot copy by itself: the bytes change on the way. */
function isStreamed(name: OperationName, from: Route, to: Route): boolean {
	if (from.upstream !== to.upstream) return true;
	const changes = from !== to || name === "UploadPartCopy";
	return changes && [from, to].some(changesBodies);
}

function changesBodies({ policies }: Route): boolean {
	return policies.some(({ effects }) => effects.includes("body"));
}

function oneSignature(): SealgateError {
	return new SealgateError(
		"not-implemented",
		"A header you provided implies functionality that is not implemented: a copy between two stores under one signature of yours.",
	);
}

export type RouteOf = (
	name: OperationName,
	at: { readonly bucket: string | undefined; readonly key: string | undefined },
) => Route;

function routeOf(routes: readonly Route[], exchange: Exchange): RouteOf {
	return (name, place) =>
		chooseRouteAlike(routes, subjectOf(name, place, exchange));
}

function subjectOf(
	operation: OperationName,
	{ bucket, key }: Parameters<RouteOf>[1],
	{ client }: Exchange,
): Subject {
	return { operation, bucket, key, client: client?.name ?? "" };
}

async function pass(
	route: Route,
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): ReturnType<Handler> {
	if (route.mode === "enforce")
		return applyPolicies(route, request, exchange, next);
	const { name } = request.operation;
	const always = route.policies.filter(({ policy }) =>
		policy.inEveryMode?.includes(name),
	);
	const observed = route.policies.filter((entry) => !always.includes(entry));
	await evaluate({ ...route, policies: observed }, request, exchange);
	const enforced: Route = { ...route, mode: "enforce", policies: always };
	return applyPolicies(enforced, request, exchange, next);
}

/** What a copy is sent as when its source is in another store. */
const asWrite: Partial<Record<OperationName, OperationName>> = {
	CopyObject: "PutObject",
	UploadPartCopy: "UploadPart",
};

/** The route with those of its policies that are about `name` and would not see it sent as `sent`. */
function namingOnly(
	route: Route,
	name: OperationName,
	sent: OperationName | undefined,
): Route {
	const names = ({ policy }: RoutePolicy, name: OperationName | undefined) =>
		policy.operations !== "all" &&
		name !== undefined &&
		policy.operations.includes(name);
	const policies = route.policies.filter(
		(entry) => names(entry, name) && !names(entry, sent),
	);
	return { ...route, policies };
}

/**
 * A form is a PutObject to the policies of its route. One that names forms and not PutObject is about forms alone, and
 * sees it first.
 */
function passForm(
	route: Route,
	request: S3Request,
	exchange: Exchange,
	next: Handler,
): ReturnType<Handler> {
	const own = namingOnly(route, "PostObject", "PutObject");
	return pass(own, request, exchange, (kept, exchange) =>
		pass(route, { ...kept, operation: asPut(kept.operation) }, exchange, next),
	);
}

async function judge(
	route: Route,
	request: S3Request,
	exchange: Exchange,
): Promise<S3Request> {
	const verdict = await evaluate(route, request, { ...exchange, route });
	const { refusal } = verdict;
	if (refusal !== undefined && route.mode === "enforce") throw refusal;
	return verdict.request;
}

async function judgeByEveryRoute(
	routes: readonly Route[],
	request: S3Request,
	exchange: Exchange,
): Promise<void> {
	const { bucket, key } = request.operation;
	const own = key === undefined ? [bucket] : [];
	const concerned = [...own, ...destinations(request)].flatMap((named) =>
		routesOfBucket(routes, named),
	);
	for (const route of new Set(concerned)) {
		if (route !== exchange.route) await judge(route, request, exchange);
	}
}

/** The buckets that a document names: what S3 will write there is written past the gateway. */
function destinations(request: S3Request): string[] {
	const content = request.body?.content;
	if (content === undefined) return [];
	const named = (node: XmlElement): string[] =>
		node.name === "Bucket" || node.name === "BucketName"
			? [node.text.trim().replace(/^arn:[^:]*:s3:::/, "")]
			: node.children.flatMap(named);
	return named(parseXml(content));
}

/** A rename reads its source and deletes it. */
async function judgeRename(
	request: S3Request,
	exchange: Exchange,
	at: RouteOf,
): Promise<void> {
	const renamed = request.headers.get("x-amz-rename-source");
	if (renamed === undefined) return;
	const source = parseCopySource(renamed);
	await judgeAs("GetObject", source, exchange, at);
	await judgeAs("DeleteObject", source, exchange, at);
}

/** What a request does to another object than its own is judged as if it had been asked for alone. */
async function judgeAs(
	name: "GetObject" | "DeleteObject",
	source: CopySource,
	exchange: Exchange,
	at: RouteOf,
	headers: HeaderMap = new Map(),
): Promise<S3Request> {
	const operation = sourceOperation(name, source);
	const route = at(name, source);
	checkRouteLimit(exchange, route);
	return judge(route, { operation, headers, body: undefined }, exchange);
}
