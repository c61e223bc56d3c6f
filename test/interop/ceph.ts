/**
 * Ceph's object gateway of Debian 12, on purpose an old one: it knows no trailers. One monitor, one OSD in memory, one
 * radosgw; all of it on loopback and in the folder of the run.
 */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificates } from "./certificates.ts";
import { folder, freePort, start } from "./harness.ts";
import { type RunningStore, storeKeys } from "./stores.ts";

/** Name of its one key. */
export const cephKey = "testkey-1";

const place = join(folder, "ceph");
const settings = join(place, "ceph.conf");
const keyring = join(place, "keyring");

function run(command: string, ...args: string[]): string {
	return execFileSync(command, args, {
		cwd: place,
		encoding: "utf8",
		stdio: ["ignore", "pipe", "pipe"],
		timeout: 60_000,
	}).trim();
}

function configuration(
	id: string,
	monitor: string,
	port: number,
	tlsPort: number,
): string {
	return `[global]
fsid = ${id}
mon host = [${monitor}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
keyring = ${keyring}
osd objectstore = memstore
memstore device bytes = 4294967296
osd pool default size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
run dir = ${place}
admin socket = ${place}/$name.asok
log file = ${place}/$name.log
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${port} ssl_endpoint=127.0.0.1:${tlsPort} ssl_certificate=${certificates.cert} ssl_private_key=${certificates.key}
rgw crypt s3 kms backend = testing
rgw crypt s3 kms encryption keys = ${cephKey}=${Buffer.alloc(32, 9).toString("base64")}
`;
}

function makeKeys(): void {
	const entities: [string, ...string[]][] = [
		["mon.", "--cap", "mon", "allow *"],
		["client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *"],
		[
			"osd.0",
			"--cap",
			"mon",
			"allow profile osd",
			"--cap",
			"mgr",
			"allow profile osd",
			"--cap",
			"osd",
			"allow *",
		],
		["client.rgw.a", "--cap", "mon", "allow rw", "--cap", "osd", "allow rwx"],
	];
	run("ceph-authtool", "--create-keyring", keyring);
	for (const [name, ...caps] of entities)
		run("ceph-authtool", keyring, "--gen-key", "-n", name, ...caps);
}

/** Over TLS. Ready some 20 seconds after it was asked for. */
export async function ceph(): Promise<RunningStore> {
	mkdirSync(place);
	const id = randomUUID();
	const [v2, v1] = [await freePort(), await freePort()];
	const monitor = `v2:127.0.0.1:${v2},v1:127.0.0.1:${v1}`;
	const port = await freePort();
	const tlsPort = await freePort();
	writeFileSync(settings, configuration(id, monitor, port, tlsPort));
	makeKeys();
	const conf = ["-c", settings];
	const map = join(place, "monmap");
	const mon = ["-i", "a", "--mon-data", join(place, "mon")];
	run(
		"monmaptool",
		"--create",
		"--fsid",
		id,
		"--addv",
		"a",
		`[${monitor}]`,
		map,
	);
	run(
		"ceph-mon",
		...conf,
		"--mkfs",
		...mon,
		"--monmap",
		map,
		"--keyring",
		keyring,
	);
	await start(
		"ceph-mon",
		"ceph-mon",
		[...conf, "-f", ...mon, "--public-addr", `v2:127.0.0.1:${v2}`],
		v2,
	);
	const osd = randomUUID();
	const osdData = join(place, "osd");
	mkdirSync(osdData);
	const secret = join(place, "osd.json");
	const key = run("ceph-authtool", keyring, "-n", "osd.0", "-p");
	writeFileSync(secret, JSON.stringify({ cephx_secret: key }));
	run("ceph", ...conf, "osd", "new", osd, "-i", secret);
	const at = ["-i", "0", "--osd-data", osdData];
	run("ceph-osd", ...conf, ...at, "--mkfs", "--osd-uuid", osd);
	await start("ceph-osd", "ceph-osd", [...conf, "-f", ...at], undefined);
	await start(
		"radosgw",
		"radosgw",
		[...conf, "-n", "client.rgw.a", "-f"],
		tlsPort,
	);
	run(
		"radosgw-admin",
		...[...conf, "-n", "client.rgw.a", "user", "create"],
		...["--uid=interop", "--display-name=interop"],
		`--access-key=${storeKeys.accessKeyId}`,
		`--secret-key=${storeKeys.secretAccessKey}`,
	);
	return {
		name: "ceph",
		endpoint: `https://127.0.0.1:${tlsPort}`,
		integrity: "signed-chunks",
		lacks: ["kept-checksums", "no-such-upload"],
	};
}
