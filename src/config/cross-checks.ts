/** What no single field can say: names that must exist, routes that can never be reached, buckets torn between stores. */

import { signingKeyOf } from "../audit/signing-key.ts";
import { globCovers, globsOverlap } from "../s3/glob.ts";
import { checkClients } from "./client-checks.ts";
import type { Config, RouteConfig } from "./schema.ts";

export type Report = (
	path: readonly (string | number)[],
	message: string,
) => void;

export function crossChecks(config: Config, report: Report): void {
	checkClients(config, report);
	checkProxies(config, report);
	checkUpstreams(config, report);
	checkNames(config, report);
	checkKeyPolicies(config, report);
	checkReach(config.routes, report);
	checkOneStore(config.routes, report);
	checkAudit(config, report);
	if (config.fips) checkFips(config, report);
}

/** S3 wants the MD5 of a customer key beside it. */
function checkFips({ routes, sigv2 }: Config, report: Report): void {
	if (sigv2 !== "off") {
		report(
			["sigv2"],
			"Signature Version 2 is SHA-1, which fips: true excludes",
		);
	}
	for (const [route, { policies }] of routes.entries()) {
		for (const [index, policy] of policies.entries()) {
			const { mode } = (policy["sse-c"] ?? {}) as { mode?: unknown };
			if (mode !== "inject") continue;
			report(
				["routes", route, "policies", index, "sse-c", "mode"],
				"customer keys need MD5, which fips: true excludes",
			);
		}
	}
}

function checkAudit({ audit }: Config, report: Report): void {
	if (audit === undefined) return;
	try {
		signingKeyOf(audit.signingKey);
	} catch (error) {
		report(["audit", "signingKey"], (error as Error).message);
	}
}

function checkProxies(config: Config, report: Report): void {
	for (const setting of ["proxyProtocol", "forwardedProto"] as const) {
		if (config[setting] && config.trustedProxies.length === 0) {
			report([setting], `${setting} needs trustedProxies: whose is believed?`);
		}
	}
	const onSocket = config.listen.startsWith("unix:");
	if (config.proxyProtocol && onSocket) {
		report(["proxyProtocol"], "proxyProtocol is not for a Unix socket");
	}
	config.trustedProxies.forEach((peer, index) => {
		if (peer === "unix" && !onSocket) {
			report(["trustedProxies", index], "listen names no Unix socket");
		}
	});
}

function checkUpstreams(config: Config, report: Report): void {
	config.upstreams.forEach(({ addressing, endpoint }, index) => {
		if (!URL.canParse(endpoint)) {
			report(["upstreams", index, "endpoint"], `"${endpoint}" is no URL`);
			return;
		}
		if (addressing === "virtual" && new URL(endpoint).hostname[0] === "[") {
			report(
				["upstreams", index, "addressing"],
				"a bucket cannot stand before an IPv6 address: use addressing: path, or a host name",
			);
		}
	});
}

function checkNames(config: Config, report: Report): void {
	unique(
		config.upstreams.map((upstream) => upstream.name),
		["upstreams"],
		"name",
		report,
	);
	unique(
		config.routes.map((route) => route.name),
		["routes"],
		"name",
		report,
	);
	unique(
		config.keys.map((keys) => keys.name),
		["keys"],
		"name",
		report,
	);
	const upstreams = new Set(config.upstreams.map((upstream) => upstream.name));
	const routes = new Set(config.routes.map((route) => route.name));
	const clients = new Set(config.clients.map((client) => client.name));
	config.routes.forEach((route, index) => {
		if (!upstreams.has(route.upstream)) {
			report(
				["routes", index, "upstream"],
				`no upstream is named "${route.upstream}"`,
			);
		}
		for (const client of route.match.client ?? []) {
			if (!clients.has(client))
				report(
					["routes", index, "match", "client"],
					`no client is named "${client}"`,
				);
		}
	});
	config.clients.forEach((client, index) => {
		for (const route of client.routes ?? []) {
			if (!routes.has(route))
				report(["clients", index, "routes"], `no route is named "${route}"`);
		}
	});
}

function checkKeyPolicies(config: Config, report: Report): void {
	const routes = new Set(config.routes.map((route) => route.name));
	const clients = new Set(config.clients.map((client) => client.name));
	if (config.authentication === "trust") clients.add("trusted");
	config.keys.forEach(({ policy }, index) => {
		const path = ["keys", index, "policy"];
		unique(
			policy.map(({ key }) => key),
			path,
			"key",
			report,
		);
		policy.forEach((statement, at) => {
			for (const use of ["encrypt", "decrypt"] as const) {
				const users = statement[use];
				for (const route of users?.routes ?? []) {
					if (!routes.has(route))
						report(
							[...path, at, use, "routes"],
							`no route is named "${route}"`,
						);
				}
				for (const client of users?.clients ?? []) {
					if (!clients.has(client))
						report(
							[...path, at, use, "clients"],
							`no client is named "${client}"`,
						);
				}
			}
		});
	});
}

function unique(
	values: readonly string[],
	path: readonly (string | number)[],
	field: string,
	report: Report,
): void {
	values.forEach((value, index) => {
		if (values.indexOf(value) < index)
			report([...path, index, field], `"${value}" is there already`);
	});
}

function matchesAll(route: RouteConfig): boolean {
	return Object.values(route.match).every((value) => value === undefined);
}

/** A route that looks at nothing but the bucket leaves none of its buckets to the routes behind it. */
function byBucketAlone(route: RouteConfig): boolean {
	const { prefix, client, operation } = route.match;
	return (
		prefix === undefined && client === undefined && operation === undefined
	);
}

function checkReach(routes: readonly RouteConfig[], report: Report): void {
	const last = routes.at(-1) as RouteConfig;
	if (!matchesAll(last)) {
		report(
			["routes", routes.length - 1, "match"],
			"the last route must match everything: match: {}",
		);
	}
	routes.forEach((route, index) => {
		const before = routes
			.slice(0, index)
			.find(
				(other) =>
					byBucketAlone(other) &&
					globCovers(other.match.bucket ?? "*", route.match.bucket ?? "*"),
			);
		if (before !== undefined) {
			report(
				["routes", index, "match"],
				`never reached: route "${before.name}" takes all that it could match`,
			);
		}
	});
}

function checkOneStore(routes: readonly RouteConfig[], report: Report): void {
	routes.forEach((later, j) => {
		routes.slice(0, j).forEach((earlier) => {
			const [a, b] = [earlier.match.bucket ?? "*", later.match.bucket ?? "*"];
			if (earlier.upstream === later.upstream || !globsOverlap(a, b)) return;
			const settled = routes
				.slice(0, j)
				.some(
					(other) =>
						byBucketAlone(other) &&
						[a, b].some((glob) => globCovers(other.match.bucket ?? "*", glob)),
				);
			if (settled) return;
			report(
				["routes", j, "upstream"],
				`a bucket can fall on this route and on "${earlier.name}", which name different upstreams: routes of one bucket name one upstream`,
			);
		});
	});
}
