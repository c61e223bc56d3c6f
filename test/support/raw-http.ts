/** A client that sends bytes as they stand, and the table of such requests: test/vectors/http.yaml. */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { parse } from "yaml";

export interface Row {
	readonly name: string;
	readonly raw: string;
	/** `headless`: a body without a head, as HTTP/0.9 has it. */
	readonly status: number | "close" | "headless" | readonly number[];
	readonly store: number;
	readonly closes: boolean;
	readonly continues?: number;
	readonly nginx?: {
		readonly status: Row["status"];
		readonly store: number;
	};
	readonly why: string;
}

export function rawRequests(): readonly Row[] {
	const file = new URL("../vectors/http.yaml", import.meta.url);
	return parse(readFileSync(file, "utf8")).requests;
}

/** The bytes of a row: one a character, placeholders filled in. */
export function rawBytes(raw: string, address: string): Buffer {
	const text = raw
		.replaceAll("{{host}}", address)
		.replaceAll("{{HOST}}", address.toUpperCase())
		.replace(/\{\{(.)\*(\d+)\}\}/g, (_, character: string, count: string) =>
			character.repeat(Number(count)),
		);
	return Buffer.from(text, "latin1");
}

export interface RawAnswer {
	readonly status: number;
	readonly head: string;
	readonly body: string;
}

/** A connection whose answers are read one by one. */
export class RawConnection {
	readonly #socket: Socket;
	#text = "";
	#wake: () => void = () => {};
	closed = false;
	/** Interim answers seen. */
	continues = 0;

	/**
	 * @param address `host:port`
	 * @param ca PEM, where TLS is spoken
	 */
	constructor(address: string, ca?: Buffer) {
		const colon = address.lastIndexOf(":");
		const port = Number(address.slice(colon + 1));
		const host = address.slice(0, colon);
		this.#socket =
			ca === undefined
				? connect(port, host)
				: connectSecurely({ port, host, ca });
		this.#socket.setEncoding("latin1");
		this.#socket.on("data", (chunk: string) => {
			this.#text += chunk;
			this.#wake();
		});
		this.#socket.on("error", () => {});
		this.#socket.on("end", () => this.#end());
		this.#socket.on("close", () => this.#end());
	}

	#end(): void {
		this.closed = true;
		this.#wake();
	}

	write(bytes: Buffer | string): void {
		this.#socket.write(bytes);
	}

	/** Closes our side and leaves the other open. */
	end(): void {
		this.#socket.end();
	}

	destroy(): void {
		this.#socket.destroy();
	}

	/** Resolves when something arrived or the other side has closed. */
	#more(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = resolve;
		});
	}

	/** Resolves when the other side has closed the connection. */
	async whenClosed(): Promise<void> {
		while (!this.closed) await this.#more();
	}

	/** What arrived and belongs to no answer. */
	get rest(): string {
		return this.#text;
	}

	/** Resolves when the next interim answer has come. */
	async interim(): Promise<void> {
		while (!this.#text.includes("\r\n\r\n")) await this.#more();
		this.#take(true);
		this.continues += 1;
	}

	/** Resolves when that text has come, and leaves it for the next answer. */
	async contains(text: string): Promise<void> {
		while (!this.#text.includes(text) && !this.closed) await this.#more();
	}

	/**
	 * The next final answer; undefined where the connection closes before its end.
	 * @param bodiless whether it is the answer to HEAD
	 */
	async answer(bodiless = false): Promise<RawAnswer | undefined> {
		for (;;) {
			const answer = this.#take(bodiless);
			if (answer?.status === 100) {
				this.continues += 1;
				continue;
			}
			if (answer !== undefined) return answer;
			if (this.closed) return undefined;
			await this.#more();
		}
	}

	#take(bodiless: boolean): RawAnswer | undefined {
		const end = this.#text.indexOf("\r\n\r\n");
		if (end < 0) return undefined;
		const head = this.#text.slice(0, end + 2);
		const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(head)?.[1]);
		const start = end + 4;
		const none = bodiless || status < 200 || status === 204 || status === 304;
		if (none) return this.#cut(status, head, "", start);
		const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
		if (length !== undefined) {
			const stop = start + Number(length);
			if (this.#text.length < stop) return undefined;
			return this.#cut(status, head, this.#text.slice(start, stop), stop);
		}
		if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
			const stop = this.#text.indexOf("0\r\n\r\n", start);
			if (stop < 0) return undefined;
			const body = this.#text.slice(start, stop);
			return this.#cut(status, head, body, stop + 5);
		}
		if (!this.closed) return undefined;
		const body = this.#text.slice(start);
		return this.#cut(status, head, body, this.#text.length);
	}

	#cut(status: number, head: string, body: string, stop: number): RawAnswer {
		this.#text = this.#text.slice(stop);
		return { status, head, body };
	}
}

/** What became of a row. `after`: the status of a further request on the connection, or that there was none left. */
export interface Outcome {
	readonly status: Row["status"];
	readonly continues: number;
	readonly after: number | "closed";
	readonly answers: readonly RawAnswer[];
}

/**
 * Sends a row and, where the connection stays open, one more request, which must be answered as itself.
 * Resolves when the other side has closed. That it answers nothing more is part of the outcome: the rest throws.
 * @param wanted the answers to wait for
 * @param ca PEM, where TLS is spoken
 */
export async function sendRow(
	row: Row,
	address: string,
	wanted: Row["status"],
	ca?: Buffer,
): Promise<Outcome> {
	const connection = new RawConnection(address, ca);
	const bytes = rawBytes(row.raw, address);
	if (bytes.length > 0) connection.write(bytes);
	const answers: RawAnswer[] = [];
	const bodiless = /^\s*HEAD /.test(row.raw);
	const most = Array.isArray(wanted) ? wanted.length : 1;
	while (answers.length < most) {
		const answer = await connection.answer(bodiless);
		if (answer === undefined) break;
		answers.push(answer);
	}
	const closing =
		/\r\nconnection: close\r\n/i.test(answers.at(-1)?.head ?? "") ||
		connection.closed;
	let after: number | "closed" = "closed";
	if (!closing && answers.length > 0) {
		connection.write(
			`GET /bucket/canary HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`,
		);
		const answer = await connection.answer();
		after = answer === undefined ? "closed" : answer.status;
	}
	await connection.whenClosed();
	connection.end();
	const headless = answers.length === 0 && connection.rest.startsWith("<?xml");
	if (connection.rest !== "" && !headless) {
		throw new Error(`${row.name}: unasked: ${connection.rest.slice(0, 200)}`);
	}
	const statuses = answers.map(({ status }) => status);
	return {
		status:
			statuses.length > 1
				? statuses
				: (statuses[0] ?? (headless ? "headless" : "close")),
		continues: connection.continues,
		after,
		answers,
	};
}
