/**
 * The matrix: run.ts [--subset] [--write] [--store WORDS] [--client WORDS] [--mode WORDS], words being parts of names; each may come several times.
 * Prints each cell; with --write the record and its tables are rewritten, else cells that disagree with the record fail the run.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeCertificates } from "../certificates.ts";
import { startGateway } from "../gateway.ts";
import { finish, part, report } from "../harness.ts";
import { makeKeyring } from "../sealed.ts";
import { type MatrixClient, undecided } from "./client.ts";
import { clients } from "./clients.ts";
import { markdown } from "./markdown.ts";
import { modes } from "./modes.ts";
import {
	disagreements,
	merged,
	type Row,
	readRecord,
	tableFile,
	writeRecord,
} from "./record.ts";
import { runRow, type Spot } from "./row.ts";
import { type MatrixStore, stores } from "./stores.ts";
import { inSubset } from "./subset.ts";

const { values } = parseArgs({
	options: {
		subset: { type: "boolean", default: false },
		write: { type: "boolean", default: false },
		store: { type: "string", multiple: true, default: [] },
		client: { type: "string", multiple: true, default: [] },
		mode: { type: "string", multiple: true, default: [] },
	},
});

const chosen = (words: readonly string[], name: string): boolean =>
	words.length === 0 || words.some((word) => name.includes(word));

/** The one store of this process, where it is in a network of its own. */
const ownNetwork = process.env.SEALGATE_OWN_NETWORK;

interface Installed {
	readonly client: MatrixClient;
	readonly version: string;
}

const wanted = (client: string, store: string, mode: string): boolean =>
	chosen(values.client, client) &&
	chosen(values.store, store) &&
	(mode === "straight" || chosen(values.mode, mode)) &&
	(!values.subset || inSubset(client, store, mode));

/** The store itself, and a gateway in front of it for each mode that is not refused. */
async function spotsOf(store: MatrixStore): Promise<readonly Spot[]> {
	const running = await store.start();
	const straight = {
		store,
		running,
		mode: "straight",
		endpoint: running.endpoint,
	};
	const spots: Spot[] = [straight];
	for (const mode of modes) {
		if (!clients.some(({ name }) => wanted(name, store.name, mode.name)))
			continue;
		const refused = mode.refused?.(store);
		const spot = { ...straight, mode: mode.name };
		if (refused !== undefined) {
			spots.push({ ...spot, refused });
			continue;
		}
		const gateway = await startGateway({
			name: `${store.name}-${mode.name}`.replaceAll(/\W+/g, "-"),
			store: running,
			tls: store.tls,
			...mode.options(store),
		});
		spots.push({ ...spot, endpoint: gateway.endpoint });
	}
	return spots;
}

async function runClient(
	{ client, version }: Installed,
	spots: readonly Spot[],
): Promise<readonly Row[]> {
	const rows: Row[] = [];
	for (const spot of spots) {
		if (!wanted(client.name, spot.store.name, spot.mode)) continue;
		const row = await runRow(client, version, spot, rows[0]);
		rows.push(row);
		if (values.write) write([row]);
	}
	return rows;
}

/** Two clients at a time. */
async function runStore(
	store: MatrixStore,
	installed: readonly Installed[],
): Promise<readonly Row[]> {
	const spots = await spotsOf(store);
	const waiting = [...installed];
	const rows: Row[] = [];
	const lane = async (): Promise<void> => {
		for (let next = waiting.shift(); next; next = waiting.shift()) {
			rows.push(...(await runClient(next, spots)));
		}
	};
	await Promise.all([lane(), lane()]);
	return rows;
}

function write(rows: readonly Row[]): void {
	const record = merged(readRecord(), rows);
	writeRecord(record);
	writeFileSync(tableFile, markdown(record));
}

function judgeRows(rows: readonly Row[]): void {
	const cells = rows.flatMap((row) => Object.values(row.cells));
	const count = (outcome: string) =>
		cells.filter((cell) => cell.outcome === outcome).length;
	const failing = values.write ? [] : disagreements(readRecord(), rows);
	for (const line of failing) report("matrix", false, line);
	report(
		"matrix",
		cells.length > 0,
		`${cells.length} cells: ${count("pass")} pass, ${count("refused")} refused by design, ${count("store")} of the store, ${count("fails")} fail, ${count("lacks")} not there`,
	);
}

/** A store that listens on every interface, and all that speaks to it, in a network that has loopback alone. */
function inOwnNetwork(store: MatrixStore): void {
	const flags = process.getuid?.() === 0 ? "-n" : "-rn";
	const { status } = spawnSync(
		"unshare",
		[
			...[flags, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"],
			...[process.execPath, ...process.argv.slice(1)],
		],
		{
			stdio: "inherit",
			env: { ...process.env, SEALGATE_OWN_NETWORK: store.name },
		},
	);
	report("matrix", status === 0, `${store.name}, in a network of its own`);
}

try {
	makeCertificates();
	await makeKeyring();
	const installed: Installed[] = [];
	for (const client of clients.filter(({ name }) =>
		chosen(values.client, name),
	)) {
		report(
			"matrix",
			undecided(client).length === 0,
			`${client.name}: each operation is done or lacking ${undecided(client)}`,
		);
		installed.push({ client, version: await client.install() });
	}
	const rows: Row[] = [];
	let elsewhere = 0;
	for (const store of stores) {
		if (
			!(ownNetwork
				? ownNetwork === store.name
				: chosen(values.store, store.name))
		)
			continue;
		if (!clients.some(({ name }) => wanted(name, store.name, "straight"))) {
			console.log(
				`${store.name}: not run here: ${store.deep ?? "no client of the subset"}`,
			);
			continue;
		}
		store.install?.();
		if (store.ownNetwork && !ownNetwork) {
			inOwnNetwork(store);
			elsewhere += 1;
		} else
			rows.push(...(await part(store.name, () => runStore(store, installed))));
	}
	// What ran in a network of its own has judged itself.
	if (rows.length > 0 || elsewhere === 0) judgeRows(rows);
} catch (error) {
	report("matrix", false, (error as Error).stack ?? String(error));
} finally {
	finish();
	process.exit();
}
