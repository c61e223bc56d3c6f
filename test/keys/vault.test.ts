/** `provider: vault`: its options, its logins and renewals, what it asks, and keys that nothing would bind to a context. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { openHttp } from "../../plugins/keys-vault/http.ts";
import { loginOf } from "../../plugins/keys-vault/login.ts";
import { Session } from "../../plugins/keys-vault/session.ts";
import { ConfigFaults } from "../../src/config/load.ts";
import { redactConfig } from "../../src/config/redact.ts";
import type { KeyProvider } from "../../src/keys/provider.ts";
import { loadTestConfig } from "../support/gateway.ts";
import { startVault, type VaultStub } from "../support/vault-stub.ts";
import { kubernetesRole, vaultRole } from "../support/vault-tokens.ts";
import { context, fails, never, opens } from "./conformance/asserts.ts";
import { openVault } from "./conformance/vault-stub.ts";

const folder = mkdtempSync(join(tmpdir(), "sealgate-vault-"));
t.teardown(() => rmSync(folder, { recursive: true }));

interface Test {
	teardown(act: () => unknown): void;
}

async function start(
	t: Test,
	place: Parameters<typeof startVault>[0] = {},
): Promise<VaultStub> {
	const vault = await startVault(place);
	t.teardown(() => vault.close());
	vault.keys.create("photos");
	return vault;
}

async function opened(
	t: Test,
	...given: Parameters<typeof openVault>
): Promise<KeyProvider> {
	const provider = await openVault(...given);
	t.teardown(() => provider.close?.());
	return provider;
}

const wraps = (provider: KeyProvider) =>
	provider.generate("photos", context, never);

const configuration = (options: string) => `
listen: 127.0.0.1:0
authentication: trust
upstreams: [{ name: store, endpoint: "http://127.0.0.1:9", credentials: { accessKeyId: a, secretAccessKey: b } }]
keys: [{ name: main, provider: vault, ${options} }]
routes: [{ name: all, match: {}, upstream: store, policies: [{ envelope: { keys: main, keyId: photos } }] }]
`;

async function faultsOf(options: string): Promise<string[]> {
	try {
		await loadTestConfig(configuration(options));
		return [];
	} catch (error) {
		if (!(error instanceof ConfigFaults)) throw error;
		return error.faults.map(({ path, message }) => `${path}: ${message}`);
	}
}

t.test("options are checked with their path", async (t) => {
	const good = 'address: "https://vault:8200", auth: { token: x }';
	t.strictSame(await faultsOf(good), []);
	const clear = "http://vault.example.internal:8200";
	t.strictSame(await faultsOf(`address: "${clear}", auth: { token: x }`), [
		"keys[0].address: http:// is for a loopback address alone: keys would cross the network in the clear",
	]);
	for (const mount of ["/transit", "transit/", "../sys", "a/../b", "a//b", ""])
		t.strictSame(
			await faultsOf(`${good}, mount: "${mount}"`),
			[
				"keys[0].mount: names of letters, digits, _, - and ., with a / between two of them",
			],
			mount,
		);
	const both =
		'address: "https://vault:8200", auth: { token: x, appRole: { roleId: a, secretId: b } }';
	t.equal((await faultsOf(both)).length, 1);
	t.equal((await faultsOf('address: "https://vault:8200"')).length, 1);
});

t.test("the configuration that others see covers its secrets", async (t) => {
	for (const auth of [
		"{ token: canary }",
		"{ appRole: { roleId: role-1, secretId: canary } }",
	]) {
		const text = `address: "https://vault:8200", auth: ${auth}`;
		const loaded = await loadTestConfig(configuration(text));
		t.notMatch(JSON.stringify(redactConfig(loaded)), "canary", auth);
	}
});

t.test("the three ways to log in", async (t) => {
	const vault = await start(t);
	const jwtFile = join(folder, "token");
	writeFileSync(jwtFile, `${kubernetesRole.jwt}\n`);
	const { role } = kubernetesRole;
	const ways: Record<string, object> = {
		token: { token: vault.tokens.create() },
		"auth/approle/login": { appRole: vaultRole },
		"auth/kubernetes/login": { kubernetes: { role, jwtFile } },
		"auth/cluster-2/login": {
			kubernetes: { role, jwtFile, mount: "cluster-2" },
		},
	};
	for (const [way, auth] of Object.entries(ways)) {
		vault.asked.length = 0;
		const provider = await opened(t, vault.address, auth);
		await opens(provider, await wraps(provider));
		const logins = vault.asked.filter((path) => path.endsWith("/login"));
		t.strictSame(logins, way === "token" ? [] : [`POST ${way}`]);
	}
});

t.test(
	"a service account's file is read at each login, and said where it is missing",
	async (t) => {
		const vault = await start(t);
		const jwtFile = join(folder, "rotated");
		const { role } = kubernetesRole;
		const auth = { kubernetes: { role, jwtFile } };
		const provider = await opened(t, vault.address, auth);
		await fails(wraps(provider), "credentials-unavailable");
		writeFileSync(jwtFile, kubernetesRole.jwt);
		await wraps(provider);
	},
);

t.test("namespace, mount and token are sent", async (t) => {
	const vault = await start(t, { mount: "teams/transit" });
	const provider = await opened(t, vault.address, undefined, {
		...{ mount: "teams/transit", namespace: "team-1/photos" },
	});
	await wraps(provider);
	t.equal(vault.headers["x-vault-namespace"], "team-1/photos");
	t.strictSame(vault.calls, [
		"teams/transit/keys/photos",
		"teams/transit/datakey/plaintext/photos",
	]);
});

t.test("the server's certificate is proven by ca", async (t) => {
	const tls = fileURLToPath(new URL("../support/tls", import.meta.url));
	const read = (name: string) => readFileSync(join(tls, name));
	const vault = await start(t, {
		tls: { cert: read("server.pem"), key: read("server.key") },
	});
	const ca = join(tls, "ca.pem");
	const provider = await opened(t, vault.address, undefined, { ca });
	await opens(provider, await wraps(provider));
	const without = await opened(t, vault.address);
	await fails(wraps(without), "keys-unavailable");
	await t.rejects(openVault(vault.address, undefined, { ca: "none.pem" }), {
		message: /^keys "main": ca .*none.pem cannot be read\.$/,
	});
});

t.test("many who want a token make one login", async (t) => {
	const vault = await start(t);
	const provider = await opened(t, vault.address);
	await Promise.all(Array.from({ length: 20 }, () => wraps(provider)));
	t.equal(vault.tokens.logins, 1);
	vault.tokens.expire();
	await Promise.all(Array.from({ length: 20 }, () => wraps(provider)));
	t.equal(vault.tokens.logins, 2, "and one where it is over");
});

t.test(
	"a denied path is no expired token: nobody logs in for it",
	async (t) => {
		const vault = await start(t);
		const provider = await opened(t, vault.address);
		await wraps(provider);
		vault.fault = () => ({ refuse: 403 });
		for (let at = 0; at < 3; at++) await fails(wraps(provider), "key-denied");
		t.equal(vault.tokens.logins, 1);
		vault.fault = undefined;
		await wraps(provider);
	},
);

t.test(
	"a path that an older token is denied is asked for with a new one: its role may have changed",
	async (t) => {
		const vault = await start(t);
		const clock = { now: 0 };
		const http = openHttp(vault.address, undefined, undefined);
		const login = loginOf(
			{ appRole: { ...vaultRole, mount: "approle" } },
			folder,
		);
		const session = new Session(http, login, undefined, () => clock.now);
		t.teardown(() => http.close());
		t.teardown(() => session.close());
		const first = await session.token(never);
		clock.now = 60_000;
		t.equal(await session.instead(first, never), undefined);
		clock.now = 60_001;
		const second = await session.instead(first, never);
		t.ok(second !== undefined && second !== first);
		t.equal(await session.instead(first, never), second, "others take it");
		t.equal(await session.instead(second ?? "", never), undefined);
		t.equal(vault.tokens.logins, 2);
	},
);

t.test(
	"a refused login is not tried again for five seconds: Vault locks who tries too often",
	async (t) => {
		const vault = await start(t);
		const clock = { now: 0 };
		const http = openHttp(vault.address, undefined, undefined);
		const wrong = { ...vaultRole, secretId: "another", mount: "approle" };
		const login = loginOf({ appRole: wrong }, folder);
		const session = new Session(http, login, undefined, () => clock.now);
		t.teardown(() => http.close());
		for (clock.now = 0; clock.now < 5_000; clock.now += 1_000)
			await fails(session.token(never), "credentials-unavailable");
		t.equal(vault.tokens.logins, 1);
		await fails(session.token(never), "credentials-unavailable");
		t.equal(vault.tokens.logins, 2);
	},
);

t.test("a token is renewed before it is over", async (t) => {
	const vault = await start(t);
	vault.tokens.lease = 0.03;
	const provider = await opened(t, vault.address);
	await wraps(provider);
	const renewals = () =>
		vault.asked.filter((path) => path === "POST auth/token/renew-self");
	while (renewals().length < 3)
		await vault.until("asked", vault.asked.length + 1);
	t.equal(vault.tokens.logins, 1);
	vault.tokens.renewedLease = 0.01;
	while (vault.tokens.logins < 2)
		await vault.until("asked", vault.asked.length + 1);
	t.pass("near the end of its longest life there is a login");
});

t.test("a token that cannot be renewed is got anew", async (t) => {
	const vault = await start(t);
	Object.assign(vault.tokens, { lease: 0.03, renewable: false });
	const provider = await opened(t, vault.address);
	await wraps(provider);
	while (vault.tokens.logins < 2)
		await vault.until("asked", vault.asked.length + 1);
	t.notOk(vault.asked.includes("POST auth/token/renew-self"));
});

t.test("a token of the configuration is renewed, too", async (t) => {
	const vault = await start(t);
	vault.tokens.lease = 0.03;
	const token = vault.tokens.create();
	await opened(t, vault.address, { token });
	while ((vault.tokens.renewals[0] ?? 0) < 2)
		await vault.until("asked", vault.asked.length + 1);
	t.equal(vault.calls.length, 0, "and nobody has to call for it");
});

t.test("a token of the configuration that is over says so", async (t) => {
	const vault = await start(t);
	const token = vault.tokens.create();
	const provider = await opened(t, vault.address, { token });
	await wraps(provider);
	vault.tokens.expire();
	await fails(wraps(provider), "credentials-unavailable");
});

t.test("a key that is not derived is refused at its first use", async (t) => {
	const vault = await start(t);
	vault.keys.create("bare", false);
	const provider = await opened(t, vault.address);
	const blob = Buffer.from("vault:v1:AAAA");
	for (const asked of [
		() => provider.generate("bare", context, never),
		() => provider.unwrap("bare", blob, context, never),
		() => provider.rewrap?.("bare", blob, context, never),
		() => provider.describe("bare", never),
	])
		await t.rejects(Promise.resolve(asked()), {
			code: "key-unusable",
			message:
				'The key "bare" cannot be used: nothing binds what it wraps to a context, since it was not created with derived=true. Create another key that is.',
		});
	const asked = new Set(vault.calls);
	t.strictSame([...asked], ["transit/keys/bare"], "it wrapped nothing");
});

t.test(
	"a key that was deleted and made again without derived is refused once it is described",
	async (t) => {
		const vault = await start(t);
		const provider = await opened(t, vault.address);
		await wraps(provider);
		vault.keys.create("photos", false);
		await fails(provider.describe("photos", never), "key-unusable");
		await fails(wraps(provider), "key-unusable");
	},
);

t.test("a key of another type is refused", async (t) => {
	const vault = await start(t);
	const provider = await opened(t, vault.address);
	for (const type of ["rsa-2048", "aes128-gcm96", "ed25519"]) {
		vault.keys.create("other", true, type);
		await fails(provider.describe("other", never), "key-unusable");
	}
	vault.keys.create("other", true, "chacha20-poly1305");
	await provider.describe("other", never);
});

t.test("a name that would be another path is asked for nowhere", async (t) => {
	const vault = await start(t);
	const provider = await opened(t, vault.address);
	for (const name of ["", ".", "..", "../keys", "a/b", "a?b", "a b", "ä"])
		await fails(provider.describe(name, never), "key-not-found");
	t.strictSame(vault.calls, []);
});

t.test(
	"a version below min_decryption_version is refused, and the newest opens",
	async (t) => {
		const vault = await start(t);
		const provider = await opened(t, vault.address);
		const old = await wraps(provider);
		const key = vault.keys.get("photos");
		key.versions.push(Buffer.alloc(32, 7));
		const { version } = await provider.describe("photos", never);
		t.equal(version, 2);
		const kept = await provider.rewrap?.("photos", old.wrapped, context, never);
		t.match(String(kept), /^vault:v2:/);
		key.least = 2;
		await fails(
			provider.unwrap("photos", old.wrapped, context, never),
			"decryption-failed",
		);
		await opens(provider, { ...old, wrapped: kept ?? Buffer.alloc(0) });
	},
);

t.test("a standby's redirect is not followed", async (t) => {
	const vault = await start(t);
	const provider = await opened(t, vault.address);
	await wraps(provider);
	const before = vault.asked.length;
	vault.fault = () => ({ raw: "", status: 307 });
	await fails(wraps(provider), "keys-unavailable");
	t.equal(vault.asked.length, before + 1);
});

t.test("an empty context is sent as one", async (t) => {
	const vault = await start(t);
	const provider = await opened(t, vault.address);
	await opens(provider, await provider.generate("photos", {}, never), {});
});
