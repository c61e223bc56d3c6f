/** Who may import whom: the rules of the layout, read from the import lines. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = globSync("{src,plugins}/**/*.ts", { cwd: root }).filter(
	(file) => !file.endsWith(".test.ts"),
);

/** What a file imports: paths from the root for our own, names for packages. */
function imports(file: string): string[] {
	const text = readFileSync(join(root, file), "utf8");
	return [...text.matchAll(/(?:from|import\()\s*"([^"\s]+)"/g)].map(
		([, name = ""]) =>
			name.startsWith(".")
				? relative(root, join(root, dirname(file), name))
				: name,
	);
}

function check(
	t: Tap.Test,
	folder: RegExp,
	allowed: (imported: string, file: string) => boolean,
): void {
	const found = files.filter((file) => folder.test(file));
	t.ok(found.length > 0, `${folder} names files`);
	for (const file of found) {
		const wrong = imports(file).filter((name) => !allowed(name, file));
		t.strictSame(wrong, [], file);
	}
}

declare namespace Tap {
	type Test = {
		ok(value: unknown, name: string): unknown;
		notMatch(text: string, pattern: RegExp, name: string): unknown;
		strictSame(found: unknown, wanted: unknown, name: string): unknown;
	};
}

const checksumLibraries = new Set(["@node-rs/crc32", "@node-rs/xxhash"]);

t.test(
	"s3 is pure: node, errors, its own files, and libraries that only compute",
	async (t) => {
		check(
			t,
			/^src\/s3\//,
			(name, file) =>
				name.startsWith("node:") ||
				name.startsWith("src/s3/") ||
				name === "src/errors.ts" ||
				(name === "saxes" && file === "src/s3/xml.ts") ||
				(checksumLibraries.has(name) && file === "src/s3/checksums.ts"),
		);
	},
);

t.test("sigv4 is pure, and may use s3", async (t) => {
	check(
		t,
		/^src\/sigv4\//,
		(name) =>
			name === "node:crypto" ||
			name === "src/errors.ts" ||
			/^src\/(s3|sigv4)\//.test(name),
	);
});

t.test("sigv2 is pure, and may use s3 and sigv4", async (t) => {
	check(
		t,
		/^src\/sigv2\//,
		(name) =>
			name === "node:crypto" ||
			name === "src/errors.ts" ||
			/^src\/(s3|sigv2|sigv4)\//.test(name),
	);
});

t.test("crypto is pure: node, errors and its own files", async (t) => {
	check(
		t,
		/^src\/crypto\//,
		(name) =>
			name === "node:crypto" ||
			name === "src/errors.ts" ||
			name.startsWith("src/crypto/"),
	);
});

/** What ties keys to a request's client and route, and to the configuration. */
const keyWiring = new Map([
	["src/keys/key-access.ts", "src/exchange.ts"],
	["src/keys/provider-plugin.ts", "src/config/schema.ts"],
	["src/keys/key-policy.ts", "src/config/schema.ts"],
]);

/** What reads the keyring's text, and options. */
const keySchemas =
	/^src\/keys\/(keyring-text|keyring-plugin|provider-plugin)\.ts$/;

t.test(
	"keys use crypto, and zod to read the keyring and options",
	async (t) => {
		check(
			t,
			/^src\/keys\//,
			(name, file) =>
				name.startsWith("node:") ||
				name === "src/errors.ts" ||
				/^src\/(crypto|keys)\//.test(name) ||
				(name === "zod" && keySchemas.test(file)) ||
				(name === "cockatiel" && file === "src/keys/circuit.ts") ||
				keyWiring.get(file) === name,
		);
	},
);

t.test("the reader runs where there is no node", async (t) => {
	const arithmetic =
		/^src\/crypto\/(formats|object-arithmetic|stream-arithmetic)\.ts$/;
	check(
		t,
		/^src\/reader\//,
		(name) =>
			name === "@noble/ciphers/aes.js" ||
			name.startsWith("src/reader/") ||
			arithmetic.test(name),
	);
	check(t, arithmetic, (name) => arithmetic.test(name));
	for (const file of files) {
		if (!/^src\/reader\//.test(file) && !arithmetic.test(file)) continue;
		const code = readFileSync(join(root, file), "utf8").replace(
			/\/\*\*.*?\*\//gs,
			"",
		);
		t.notMatch(code, /\b(Buffer|process|require)\b/, file);
	}
});

t.test("only telemetry knows metrics, tracing and log libraries", async (t) => {
	check(
		t,
		/^(src\/(?!telemetry\/)|plugins\/)/,
		(name) => !/^(pino|@prometheus-io\/|@opentelemetry\/)/.test(name),
	);
});

/** A package that one file of a plugin wants: an optional peer, or a dependency. */
const packages = new Map([
	["plugins/keys-aws-kms/client.ts", "@aws-sdk/client-kms"],
	["plugins/keys-vault/http.ts", "undici"],
]);

t.test(
	"plugins use the public API, each other's shared files, node and a package of their own, nothing else",
	async (t) => {
		check(
			t,
			/^plugins\//,
			(name, file) =>
				name === "src/index.ts" ||
				name.startsWith("plugins/") ||
				name.startsWith("node:") ||
				packages.get(file) === name,
		);
	},
);

t.test("the admin port sees the gateway through its view alone", async (t) => {
	check(t, /^src\/admin\//, (name) => !/^src\/(?!errors)/.test(name));
});

t.test("only the command line composes a gateway", async (t) => {
	check(
		t,
		/^src\/(?!cli\/|main)/,
		(name) => name !== "src/gateway.ts" && !name.startsWith("plugins/"),
	);
});
