/** Which route a request falls on: first match wins. Pure. */
import { SealgateError } from "./errors.ts";
import type { Effect, Policy } from "./plugin.ts";
import { globMatches } from "./s3/glob.ts";
import type { OperationName } from "./s3/operations.ts";
import { asPath } from "./s3/spelling.ts";

export interface RouteMatch {
	/** Glob over bucket names: `*` any characters, `?` one character. */
	readonly bucket?: string | undefined;
	/** Start of the object key. */
	readonly prefix?: string | undefined;
	/** Client names. */
	readonly client?: readonly string[] | undefined;
	readonly operation?: readonly OperationName[] | undefined;
}

/** A policy as it stands on a route. */
export interface RoutePolicy {
	readonly name: string;
	readonly effects: readonly Effect[];
	/** Options as configured, for `explain`; secrets redacted. */
	readonly options: unknown;
	readonly policy: Policy;
}

export interface Route {
	readonly name: string;
	readonly match: RouteMatch;
	/** Name of the upstream. */
	readonly upstream: string;
	readonly mode: "enforce" | "observe";
	readonly policies: readonly RoutePolicy[];
}

/** What a route is chosen by. */
export interface Subject {
	readonly operation: OperationName;
	readonly bucket: string | undefined;
	readonly key: string | undefined;
	readonly client: string;
}

/**
 * The route of an object, or of a bucket: a route with a prefix is about objects, so what concerns a whole bucket
 * passes it by. The last route matches everything, by the rules of the configuration.
 */
export function chooseRoute(routes: readonly Route[], subject: Subject): Route {
	const found = routes.find((route) => {
		const { prefix } = route.match;
		if (!matchesBesideKey(route, subject)) return false;
		return prefix === undefined || (subject.key?.startsWith(prefix) ?? false);
	});
	if (found === undefined) throw new RangeError("no route matches everything");
	return found;
}

/**
 * The route of an object, however its store reads the key: some take it for the path of a file. Where that is another
 * route's object, the policies of neither could be relied on.
 * @throws SealgateError `access-denied`
 */
export function chooseRouteAlike(
	routes: readonly Route[],
	subject: Subject,
): Route {
	const route = chooseRoute(routes, subject);
	const { bucket, key } = subject;
	if (bucket === undefined || key === undefined) return route;
	const path = asPath(bucket, key);
	const other = chooseRoute(routes, { ...subject, ...path });
	if (other === route) return route;
	throw new SealgateError(
		"access-denied",
		`Access Denied: the key ${key} is on the route ${route.name}, and some stores read it as a path that is on the route ${other.name}. Write it without empty segments, "." and "..".`,
	);
}

/** Every route that keys of the bucket can fall on, for what would weaken one of them. */
export function routesOfBucket(
	routes: readonly Route[],
	bucket: string | undefined,
): readonly Route[] {
	return routes.filter(
		(route) =>
			route.match.bucket === undefined ||
			(bucket !== undefined && globMatches(route.match.bucket, bucket)),
	);
}

function matchesBesideKey(route: Route, subject: Subject): boolean {
	const { bucket, client, operation } = route.match;
	return (
		(bucket === undefined ||
			(subject.bucket !== undefined && globMatches(bucket, subject.bucket))) &&
		(client === undefined || client.includes(subject.client)) &&
		(operation === undefined ||
			operation.includes(subject.operation) ||
			// A form puts an object: what is routed as a PutObject must not pass as a form.
			(subject.operation === "PostObject" && operation.includes("PutObject")))
	);
}
