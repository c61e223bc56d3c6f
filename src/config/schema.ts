/** The configuration: one schema that gives the types, the checks and the editor's help. */
import { z } from "zod";
import { type OperationName, operationNames } from "../s3/operations.ts";
import { duration, size } from "./quantities.ts";

const name = z
	.string()
	.regex(
		/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
		"letters, digits, dots, dashes and underscores",
	);
const secret = z.string().min(1).meta({ secret: true });
const address = z
	.string()
	.regex(
		/^(unix:\/.+|(\[[0-9a-fA-F:]+\]|[^:/\s]+):\d{1,5})$/,
		"host:port, [address]:port or unix:/path",
	);
const domain = z
	.string()
	.regex(
		/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
		"a host name without a port, such as s3.example.internal",
	)
	.transform((text) => text.toLowerCase());
const peer = z.union(
	[z.literal("unix"), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
	"an IP address, a range such as 10.0.0.0/8, or unix",
);
const oneOrMore = <Item extends z.ZodType>(item: Item) =>
	z.union([item.transform((value) => [value]), z.array(item).min(1)]);
const verb = z.enum(["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]);

const secrets = oneOrMore(secret).describe(
	"Its secret, or several while one replaces another; refer to environment variables or files.",
);
const sessionToken = secret
	.optional()
	.describe("For a temporary key: each request must then carry it.");

const client = z.strictObject({
	name: name.describe("Name in logs, routes and the audit record."),
	accessKeyId: z
		.string()
		.min(1)
		.optional()
		.describe("Access key that the client signs with."),
	secretAccessKey: secrets.optional(),
	sessionToken,
	keys: z
		.array(
			z.strictObject({
				accessKeyId: z.string().min(1),
				secretAccessKey: secrets,
				sessionToken,
			}),
		)
		.default([])
		.describe("Further access keys of the same client."),
	anonymous: z
		.boolean()
		.default(false)
		.describe(
			"Whether unsigned requests are this client's. They leave unsigned; its limits hold.",
		),
	buckets: z
		.array(z.string())
		.min(1)
		.optional()
		.describe("Globs of the buckets it may use."),
	prefixes: z
		.array(z.string())
		.min(1)
		.optional()
		.describe("Starts of the keys it may use."),
	verbs: z
		.array(verb)
		.min(1)
		.optional()
		.describe(
			"HTTP methods it may use. What deletes by another method (DeleteObjects, RenameObject) needs DELETE too.",
		),
	routes: z.array(name).min(1).optional().describe("Routes it may use."),
});

const staticCredentials = z.strictObject({
	accessKeyId: z.string().min(1),
	secretAccessKey: secret,
	sessionToken: secret.optional(),
});

const upstream = z.strictObject({
	name: name.describe("Name that routes use."),
	endpoint: z
		.string()
		.regex(
			/^https?:\/\/[^/?#@\s]+$/,
			"http://host[:port] or https://host[:port], and nothing behind it",
		)
		.describe("Where the store listens."),
	region: z
		.string()
		.min(1)
		.default("us-east-1")
		.describe("Region that requests are signed for."),
	addressing: z
		.enum(["path", "virtual"])
		.default("path")
		.describe("Whether the bucket stands in the path or in the host."),
	credentials: z
		.union([
			z.enum(["default", "anonymous"]),
			staticCredentials,
			z.strictObject({
				clients: z.record(name, staticCredentials),
				default: staticCredentials.optional(),
			}),
		])
		.default("default")
		.describe(
			"default: the AWS credential chain; anonymous: unsigned; a key pair; or a key pair for each client.",
		),
	integrity: z
		.enum(["trailer", "signed-chunks", "unsigned"])
		.default("trailer")
		.describe(
			"How a cut body shows itself to the store; signed-chunks where it knows no trailers.",
		),
	tls: z
		.strictObject({
			ca: z.string().optional(),
			cert: z.string().optional(),
			key: z.string().optional(),
			serverName: z.string().optional(),
		})
		.optional()
		.describe("Files of an own CA and of a client certificate."),
	proxy: z
		.url()
		.optional()
		.describe("An egress proxy; its URL may hold a password."),
	connections: z.int().min(1).max(10_000).default(256),
	timeouts: z
		.strictObject({
			connect: duration.default(5_000),
			answer: duration.default(300_000),
			idle: duration.default(60_000),
		})
		.prefault({})
		.describe(
			"Longest wait for a connection, for an answer, and within a body.",
		),
});

const keyUsers = z.strictObject({
	routes: z
		.array(name)
		.min(1)
		.optional()
		.describe("Absent: the routes whose policies name the key."),
	clients: z
		.array(name)
		.min(1)
		.optional()
		.describe("Absent: every client of those routes."),
});

/** What every entry has; its other fields are options of its provider. */
export const keysFields = {
	name: name.describe("Name that policies use."),
	provider: z
		.string()
		.min(1)
		.describe("Who holds the keys: keyring, or a key provider plugin's name."),
	cache: z
		.strictObject({
			maxAge: duration.default(300_000),
			maxUses: z
				.int()
				.min(1)
				.default(2 ** 20),
			maxBytes: size.default(2 ** 50),
		})
		.prefault({})
		.describe(
			"How long, and for how much, a wrapping key serves before another is asked for.",
		),
	policy: z
		.array(
			z.strictObject({
				key: z.string().min(1).describe("Id or alias of a key."),
				encrypt: keyUsers.optional(),
				decrypt: keyUsers.optional(),
			}),
		)
		.default([])
		.describe(
			"Who may encrypt and decrypt with a key. Absent: the routes whose policies name it.",
		),
};
const keys = z.looseObject(keysFields);

const route = z.strictObject({
	name: name.describe("Name in logs and metrics."),
	match: z
		.strictObject({
			bucket: z
				.string()
				.min(1)
				.optional()
				.describe("Glob: * any characters, ? one."),
			prefix: z.string().min(1).optional().describe("Start of the object key."),
			client: oneOrMore(name).optional(),
			operation: oneOrMore(
				z.enum(operationNames as [OperationName, ...OperationName[]]),
			).optional(),
		})
		.describe("First match wins; the last route matches everything."),
	upstream: name,
	mode: z
		.enum(["enforce", "observe"])
		.default("enforce")
		.describe("observe: record what would be done, change nothing."),
	policies: z
		.array(
			z
				.record(z.string(), z.unknown())
				.refine(
					(entry) => Object.keys(entry).length === 1,
					"one policy an entry: its name, then its options",
				),
		)
		.default([])
		.describe("In order. A name of a plugin, or a package or path of one."),
});

export const configSchema = z.strictObject({
	listen: address.describe(
		"host:port or unix:/path on which clients are served.",
	),
	socketMode: z
		.string()
		.regex(/^0?[0-7]{3}$/, "permissions in octal digits, such as 0660")
		.default("0600")
		.transform((digits) => Number.parseInt(digits, 8))
		.describe("Permissions of Unix sockets, admin's too."),
	tls: z
		.strictObject({
			cert: z
				.string()
				.min(1)
				.describe("PEM file: the certificate, then its intermediates."),
			key: z.string().min(1).describe("PEM file: its private key."),
			clientCa: z
				.string()
				.min(1)
				.optional()
				.describe(
					"PEM file: only clients with a certificate from this CA are served.",
				),
		})
		.optional()
		.describe(
			"Ends TLS at the listener. The files are read again when they change.",
		),
	trustedProxies: z
		.array(peer)
		.default([])
		.describe(
			"Addresses and ranges of proxies whose X-Forwarded-For names the client; unix: whoever reaches the Unix socket.",
		),
	proxyProtocol: z
		.boolean()
		.default(false)
		.describe(
			"Whether connections of trustedProxies begin with a PROXY header, version 1 or 2.",
		),
	forwardedProto: z
		.boolean()
		.default(false)
		.describe(
			"Whether X-Forwarded-Proto of trustedProxies says if the client speaks TLS; only where each of them sets it anew.",
		),
	domains: z
		.array(domain)
		.default([])
		.describe(
			"Hosts below which the labels before them are a bucket; any other host is path-style.",
		),
	workers: z
		.union([z.int().min(1).max(64), z.literal("auto")])
		.default(1)
		.describe(
			"Processes that serve the port; auto: one for each processor. By a restart only.",
		),
	admin: address
		.optional()
		.describe("The same for probes, metrics and explain."),
	authentication: z
		.enum(["verify", "trust", "passthrough"])
		.describe(
			"verify: SigV4; trust: whoever reaches a loopback or Unix listener; passthrough: the store verifies the client's own signature.",
		),
	region: z
		.string()
		.min(1)
		.optional()
		.describe("Region that clients must sign for. Absent: any."),
	sigv2: z
		.enum(["off", "presigned", "on"])
		.default("off")
		.describe(
			"Whether Signature Version 2 is verified too: in presigned URLs, or everywhere. What leaves is signed with version 4.",
		),
	fips: z
		.boolean()
		.default(false)
		.describe(
			"Only algorithms of OpenSSL's FIPS provider: keyrings by PBKDF2 or a key file, no Content-MD5, no customer keys of our own. No claim of validation.",
		),
	clients: z.array(client).default([]),
	upstreams: z.array(upstream).min(1),
	keys: z
		.array(keys)
		.default([])
		.describe("Where the keys of the envelope policy are held."),
	routes: z.array(route).min(1),
	audit: z
		.strictObject({
			required: z
				.boolean()
				.default(false)
				.describe(
					"Whether a request waits until its record is durable, and is refused where it cannot be.",
				),
			name: name
				.default("sealgate")
				.describe("Name of the log in its signed checkpoints."),
			signingKey: secret.describe(
				"Ed25519 private key in PEM that signs checkpoints; refer to a file that does not lie beside the log.",
			),
			sinks: z
				.array(
					z.strictObject({
						file: z
							.string()
							.min(1)
							.describe(
								"Directory of the log; it is made where it is not there. Relative to the configuration.",
							),
					}),
				)
				.min(1)
				.max(1, "one sink"),
		})
		.optional()
		.describe("Who used which key on which object, when, with what outcome."),
	telemetry: z
		.strictObject({
			logLevel: z.enum(["debug", "info", "warn", "error"]).default("info"),
			objectKeys: z
				.enum(["plain", "off"])
				.default("plain")
				.describe("Whether log lines name object keys."),
			traces: z
				.strictObject({
					endpoint: z
						.url({ protocol: /^https?$/ })
						.describe("Base of an OTLP/HTTP receiver; /v1/traces is appended."),
					sampleRatio: z.number().min(0).max(1).default(1),
				})
				.optional(),
		})
		.prefault({}),
	limits: z
		.strictObject({
			headerBytes: size.default(16 * 1024),
			headerCount: z.int().min(10).default(100),
			targetBytes: size.default(8 * 1024),
			headerTime: duration.default(10_000),
			minimumBodyRate: size.default(1024),
			bodyGrace: duration.default(20_000),
			keepAlive: duration.default(60_000),
			connections: z.int().min(1).default(2048),
			inFlight: z.int().min(1).default(512),
			queue: z
				.int()
				.min(0)
				.default(256)
				.describe("Requests that may wait where inFlight are at work."),
			queueTime: duration
				.default(1_000)
				.describe("For how long, until they are told to slow down."),
			documentBytes: size.default(2 * 1024 * 1024),
			objectBytes: size.default(5 * 1024 ** 3),
			drain: duration.default(25_000),
		})
		.prefault({})
		.describe("Bounds on what a client may use of the gateway."),
});

export type Config = z.output<typeof configSchema>;
export type RouteConfig = Config["routes"][number];
