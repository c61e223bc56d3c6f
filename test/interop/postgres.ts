/** A PostgreSQL cluster of the run's own, in a folder, reached by a Unix socket there. It refuses root, so root runs it as `postgres`. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
	appendFileSync,
	copyFileSync,
	existsSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { certificates } from "./certificates.ts";
import { cleanEnvironment } from "./harness.ts";

/** What the cluster asks of the tool that archives its log. */
export interface Archiver {
	/** With %p, as PostgreSQL takes it. */
	readonly archiveCommand: string;
	readonly environment: Readonly<Record<string, string>>;
}

export class PostgresCluster {
	/** Stand in each row. */
	readonly words = "read by nobody at the store";
	readonly data: string;
	/** The run's CA, where the user of the cluster can read it. */
	readonly ca: string;
	readonly place: string;
	#log: string;
	#programs: string;
	#environment: Readonly<Record<string, string>> = {};

	/**
	 * @param place an empty folder
	 * @param programs the folder of `initdb` and `pg_ctl`
	 */
	constructor(place: string, programs: string) {
		this.place = place;
		this.data = join(place, "data");
		this.ca = join(place, "ca.pem");
		this.#log = join(place, "log");
		this.#programs = programs;
		copyFileSync(certificates.ca, this.ca);
		if (process.getuid?.() === 0)
			execFileSync("chown", ["-R", "postgres:", place]);
	}

	/**
	 * Runs a command as the cluster's user, for two minutes at most.
	 *
	 * @returns what it printed
	 * @throws Error with what it wrote on stderr
	 */
	run(command: string, ...args: string[]): string {
		const asRoot = process.getuid?.() === 0;
		const env = cleanEnvironment({
			...this.#environment,
			PATH: `${this.#programs}:${process.env.PATH}`,
			HOME: this.place,
			PGHOST: this.place,
			PGUSER: "postgres",
			PGDATABASE: "postgres",
		});
		return execFileSync(
			asRoot ? "runuser" : command,
			asRoot ? ["-u", "postgres", "--", command, ...args] : args,
			{
				cwd: this.place,
				encoding: "utf8",
				env,
				maxBuffer: 64 * 1024 ** 2,
				stdio: ["ignore", "pipe", "pipe"],
				timeout: 120_000,
			},
		);
	}

	create(archiver: Archiver): void {
		this.#environment = archiver.environment;
		this.run("initdb", "-D", this.data, "-U", "postgres", "-A", "trust", "-N");
		appendFileSync(
			join(this.data, "postgresql.conf"),
			[
				"listen_addresses = ''",
				`unix_socket_directories = '${this.place}'`,
				"fsync = off",
				"archive_mode = on",
				`archive_command = '${archiver.archiveCommand}'`,
				"",
			].join("\n"),
		);
		this.#start();
		this.query("CREATE TABLE rows (id bigserial PRIMARY KEY, text text)");
	}

	#start(): void {
		this.run("pg_ctl", "-D", this.data, "-l", this.#log, "-w", "start");
	}

	query(sql: string): string {
		return this.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql).trim();
	}

	fill(rows: number): void {
		this.query(
			`INSERT INTO rows (text) SELECT '${this.words} ' || repeat(md5(n::text), 8) FROM generate_series(1, ${rows}) n`,
		);
	}

	/** The number of rows, and a hash of all of them in their order. */
	fingerprint(): string {
		const rows = this.query("SELECT id, text FROM rows ORDER BY id");
		const hash = createHash("sha256").update(rows).digest("hex");
		return `${rows.split("\n").length} rows, SHA-256 ${hash.slice(0, 16)}`;
	}

	/** Returns once the store has the log up to now. */
	async archiveAll(): Promise<void> {
		this.query("SELECT pg_switch_wal()");
		await this.#until(
			"SELECT count(*) = 0 FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'",
		);
	}

	/** As a lost disk: nothing is flushed, nothing stays. */
	lose(): void {
		this.run("pg_ctl", "-D", this.data, "-m", "immediate", "-w", "stop");
		rmSync(this.data, { recursive: true });
	}

	/** Starts on what was restored, and returns once the archived log is replayed. */
	async recover(): Promise<void> {
		this.#start();
		await this.#until("SELECT NOT pg_is_in_recovery()");
	}

	/** @throws Error with the cluster's log where the query is not true within a minute */
	async #until(sql: string): Promise<void> {
		const deadline = Date.now() + 60_000;
		while (this.query(sql) !== "t") {
			if (Date.now() > deadline)
				throw new Error(readFileSync(this.#log, "utf8").slice(-800));
			await delay(50);
		}
	}

	/** Whatever state it is in. */
	stop(): void {
		if (existsSync(join(this.data, "postmaster.pid")))
			this.run("pg_ctl", "-D", this.data, "-m", "immediate", "-w", "stop");
	}
}
