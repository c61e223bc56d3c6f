/** What no single field of a client can say. */
import type { Report } from "./cross-checks.ts";
import type { Config } from "./schema.ts";

type Configured = Config["clients"][number];

export function checkClients(config: Config, report: Report): void {
	const { authentication, clients } = config;
	if (authentication === "verify" && clients.length === 0) {
		report(["clients"], "authentication: verify needs at least one client");
	}
	if (authentication !== "verify" && clients.length > 0) {
		report(
			["clients"],
			`authentication: ${authentication} knows no clients; remove them`,
		);
	}
	if (
		authentication === "trust" &&
		!/^(unix:|127\.|localhost:|\[::1\]:)/.test(config.listen)
	) {
		report(
			["listen"],
			"authentication: trust is only for a loopback address or a Unix socket",
		);
	}
	if (authentication === "passthrough") checkPassthrough(config, report);
	clients.forEach((client, index) => {
		const fault = client.anonymous
			? anonymousFault(client, config)
			: keyFault(client);
		if (fault !== undefined) report(["clients", index], fault);
		if (client.anonymous && clients.findIndex((c) => c.anonymous) < index) {
			report(["clients", index, "anonymous"], "one client may be anonymous");
		}
	});
	checkUnique(clients, report);
}

/** Settings that would look as if something were verified, or signed, where nothing is. */
function checkPassthrough(
	{ sigv2, region, upstreams }: Config,
	report: Report,
): void {
	if (sigv2 !== "off" || region !== undefined) {
		report(
			[sigv2 === "off" ? "region" : "sigv2"],
			"authentication: passthrough verifies no signature; remove this",
		);
	}
	upstreams.forEach(({ credentials }, index) => {
		if (typeof credentials === "string") return;
		report(
			["upstreams", index, "credentials"],
			"authentication: passthrough signs nothing; remove these",
		);
	});
}

function anonymousFault(
	client: Configured,
	{ upstreams }: Config,
): string | undefined {
	const { name, accessKeyId, secretAccessKey, sessionToken, keys } = client;
	const given = accessKeyId ?? secretAccessKey ?? sessionToken;
	if (given !== undefined || keys.length > 0) {
		return "an anonymous client signs nothing: remove its keys, or anonymous";
	}
	const mapped = upstreams.find(
		({ credentials }) =>
			typeof credentials === "object" &&
			"clients" in credentials &&
			Object.hasOwn(credentials.clients, name),
	);
	return mapped === undefined
		? undefined
		: `requests of an anonymous client leave unsigned: remove its credentials from upstream "${mapped.name}"`;
}

function keyFault(client: Configured): string | undefined {
	const { accessKeyId, secretAccessKey, sessionToken, keys } = client;
	if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
		return "accessKeyId and secretAccessKey go together";
	}
	if (sessionToken !== undefined && accessKeyId === undefined) {
		return "sessionToken goes with accessKeyId and secretAccessKey";
	}
	return accessKeyId === undefined && keys.length === 0
		? "a client needs accessKeyId and secretAccessKey, or keys, or anonymous: true"
		: undefined;
}

function checkUnique(clients: readonly Configured[], report: Report): void {
	const names = new Set<string>();
	const accessKeys = new Set<string>();
	const unique = (
		seen: Set<string>,
		value: string | undefined,
		path: readonly (string | number)[],
	): void => {
		if (value === undefined) return;
		if (seen.has(value))
			report(["clients", ...path], `"${value}" is there already`);
		seen.add(value);
	};
	clients.forEach((client, index) => {
		unique(names, client.name, [index, "name"]);
		unique(accessKeys, client.accessKeyId, [index, "accessKeyId"]);
		for (const [place, key] of client.keys.entries()) {
			const path = [index, "keys", place, "accessKeyId"];
			unique(accessKeys, key.accessKeyId, path);
		}
	});
}
