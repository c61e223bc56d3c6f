/** One client at one place: every operation, and what each came to. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { certificates } from "../certificates.ts";
import { appKeys } from "../gateway.ts";
import { folder, root } from "../harness.ts";
import { direct, type RunningStore, storeKeys } from "../stores.ts";
import {
	type MatrixClient,
	type MatrixOperation,
	matrixOperations,
	type Place,
} from "./client.ts";
import type { Cell, Row } from "./record.ts";
import { judge, shortened } from "./rules.ts";
import type { MatrixStore } from "./stores.ts";

const deadline = 240_000;

export interface Spot {
	readonly store: MatrixStore;
	readonly running: RunningStore;
	/** `straight`, or a mode's. */
	readonly mode: string;
	/** Of the gateway; of the store where `straight`. */
	readonly endpoint: string;
	/** The rule by which Sealgate refuses the whole mode at this store: nothing runs. */
	readonly refused?: string;
}

const { version: sealgate } = JSON.parse(
	readFileSync(join(root, "package.json"), "utf8"),
);

/** A bucket of its own, made at the store itself. */
async function placeAt(spot: Spot): Promise<Place> {
	const { running, endpoint, mode } = spot;
	const bucket = `matrix-${randomBytes(6).toString("hex")}`;
	await direct(running).send(new CreateBucketCommand({ Bucket: bucket }));
	const scratch = join(folder, bucket);
	mkdirSync(scratch);
	const keys = mode === "straight" ? (running.keys ?? storeKeys) : appKeys;
	const tls = endpoint.startsWith("https:");
	return {
		endpoint,
		region: "us-east-1",
		...keys,
		bucket,
		scratch,
		tls,
		...(tls ? { caFile: certificates.ca } : {}),
	};
}

/** @returns the message of its failure, or nothing where it passed */
async function attempt(
	client: MatrixClient,
	operation: MatrixOperation,
	spot: Spot,
): Promise<string | undefined> {
	const action = client.operations[operation];
	let timer: NodeJS.Timeout | undefined;
	const place = await placeAt(spot);
	try {
		const late = new Promise<never>((_, reject) => {
			timer = setTimeout(
				() => reject(new Error(`not done after ${deadline / 1_000} s`)),
				deadline,
			);
		});
		await Promise.race([action?.(place), late]);
		return undefined;
	} catch (error) {
		const { message, stderr = "" } = error as Error & { stderr?: string };
		return `${message} ${message.includes(stderr.trim()) ? "" : stderr}`;
	} finally {
		clearTimeout(timer);
		rmSync(place.scratch, { recursive: true, force: true });
	}
}

/** @param straight what the same client came to at the store itself */
async function cellOf(
	client: MatrixClient,
	operation: MatrixOperation,
	spot: Spot,
	straight: Row | undefined,
): Promise<Cell> {
	const lacks = client.lacks[operation];
	if (lacks !== undefined) return { outcome: "lacks", note: lacks };
	const { store, mode } = spot;
	if (spot.refused !== undefined)
		return { outcome: "refused", note: spot.refused };
	const message = await attempt(client, operation, spot);
	if (message === undefined) return { outcome: "pass" };
	if (process.env.SEALGATE_MATRIX_VERBOSE) console.log(message);
	const before = straight?.cells[operation];
	if (mode === "straight" || before?.outcome === "store")
		return { outcome: "store", note: shortened(message) };
	return judge({
		client: client.name,
		store: store.name,
		mode,
		operation,
		message,
	});
}

export async function runRow(
	client: MatrixClient,
	clientVersion: string,
	spot: Spot,
	straight: Row | undefined,
	operations: readonly MatrixOperation[] = matrixOperations,
): Promise<Row> {
	const cells: Partial<Record<MatrixOperation, Cell>> = {};
	for (const operation of operations) {
		const cell = await cellOf(client, operation, spot, straight);
		cells[operation] = cell;
		console.log(
			`${client.name}, ${spot.store.name}, ${spot.mode}, ${operation}: ${cell.outcome}${cell.note ? ` (${cell.note})` : ""}`,
		);
	}
	return {
		client: client.name,
		clientVersion,
		store: spot.store.name,
		storeVersion: spot.store.version,
		mode: spot.mode,
		sealgate,
		date: new Date().toISOString().slice(0, 10),
		cells,
	};
}
