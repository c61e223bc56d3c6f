/** Forms taken apart, in pieces of any size. */
import fc from "fast-check";
import t from "tap";
import { SealgateError } from "../../src/errors.ts";
import type { Body } from "../../src/http/body.ts";
import { readForm } from "../../src/http/form-body.ts";
import { mostHeadBytes } from "../../src/s3/form-data.ts";
import { boundaryOf } from "../../src/s3/form-part.ts";

/** A body of these pieces that keeps to its receiver's pace, and overwrites each piece once it was lent. */
function bodyOfPieces(pieces: readonly Buffer[], fails?: Error): Body {
	return {
		length: undefined,
		start(receiver) {
			let next = 0;
			let running = false;
			let over = false;
			const run = (): void => {
				if (running || over) return;
				running = true;
				queueMicrotask(() => {
					let ready = true;
					while (ready && !over && next < pieces.length) {
						const piece = Buffer.from(pieces[next] as Buffer);
						next += 1;
						ready = receiver.data(piece);
						piece.fill(0x2d);
					}
					running = false;
					if (over || !ready) return;
					over = true;
					if (fails === undefined) receiver.end();
					else receiver.fail(fails);
				});
			};
			run();
			return {
				resume: run,
				stop: () => {
					over = true;
				},
			};
		},
	};
}

interface Read {
	readonly fields: readonly (readonly [string, string])[];
	readonly filename: string | undefined;
	readonly length: number | undefined;
	/** What arrived of the file, whether or not it ended. */
	readonly content: Buffer;
	readonly error: unknown;
}

/** Reads the whole form, pausing behind each piece of the file. */
async function read(
	form: Buffer,
	boundary: string,
	pieces: readonly Buffer[] = [form],
	fails?: Error,
): Promise<Read> {
	const { fields, filename, file } = await readForm(
		bodyOfPieces(pieces, fails),
		form.length,
		boundary,
	);
	const content: Buffer[] = [];
	const error = await new Promise<unknown>((resolve) => {
		const flow = file.start({
			data(chunk) {
				content.push(Buffer.from(chunk));
				setImmediate(() => flow.resume());
				return false;
			},
			end: () => resolve(undefined),
			fail: resolve,
		});
	});
	return {
		fields: fields.map(({ name, value }) => [name, value]),
		filename,
		length: file.length,
		content: Buffer.concat(content),
		error,
	};
}

function cutAt(form: Buffer, places: readonly number[]): Buffer[] {
	const sorted = [...new Set(places.map((at) => at % form.length))].sort(
		(a, b) => a - b,
	);
	return [0, ...sorted].map((at, index) => form.subarray(at, sorted[index]));
}

interface Plan {
	readonly boundary: string;
	readonly fields: readonly (readonly [string, string])[];
	readonly filename: string | undefined;
	readonly file: Buffer;
}

function written({ boundary, fields, filename, file }: Plan): Buffer {
	const parts = fields.map(
		([name, value]) =>
			`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
	);
	const named = filename === undefined ? "" : `; filename="${filename}"`;
	return Buffer.concat([
		Buffer.from(
			`${parts.join("")}--${boundary}\r\nContent-Disposition: form-data; name="file"${named}\r\n\r\n`,
		),
		file,
		Buffer.from(`\r\n--${boundary}--\r\n`),
	]);
}

const boundaries = fc.stringMatching(/^[0-9A-Za-z'()+_,./:=?-]{1,20}$/);
/** Bytes that look like the framing, to the last but one. */
const nearly = (boundary: string): fc.Arbitrary<string> =>
	fc
		.array(
			fc.constantFrom("\r", "\n", "-", "--", boundary.slice(0, -1), "a", "ü"),
			{ maxLength: 12 },
		)
		.map((parts) => parts.join(""))
		.filter((text) => !text.includes(`\r\n--${boundary}`));
const plans: fc.Arbitrary<Plan> = boundaries.chain((boundary) =>
	fc.record({
		boundary: fc.constant(boundary),
		fields: fc.array(
			fc.tuple(
				fc
					.stringMatching(/^[a-zA-Z$-]{1,12}$/)
					.filter((name) => name.toLowerCase() !== "file"),
				fc
					.oneof(fc.string(), nearly(boundary))
					.filter((text) => !text.includes(`\r\n--${boundary}`)),
			),
			{ maxLength: 4 },
		),
		filename: fc.option(fc.stringMatching(/^[\w .\\/:-]{0,12}[\w.]$/), {
			nil: undefined,
		}),
		file: fc
			.oneof(
				fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
				nearly(boundary).map((text) => Buffer.from(text)),
			)
			.filter((bytes) => !bytes.includes(`\r\n--${boundary}`)),
	}),
);

t.test("a form in pieces of any size is the form", async (t) => {
	await fc.assert(
		fc.asyncProperty(
			plans,
			fc.array(fc.nat(), { maxLength: 8 }),
			async (plan, places) => {
				const form = written(plan);
				const found = await read(form, plan.boundary, cutAt(form, places));
				t.strictSame(
					{ ...found, content: found.content.toString("hex") },
					{
						fields: plan.fields,
						filename: plan.filename,
						length: plan.file.length,
						content: plan.file.toString("hex"),
						error: undefined,
					},
				);
			},
		),
		{ seed: 20260801, numRuns: 300 },
	);
});

t.test("every single split, and byte by byte", async (t) => {
	const plan: Plan = {
		boundary: "b-b",
		fields: [
			["key", "k"],
			["", ""],
			["x", "\r\n--b-\r\n"],
		],
		filename: "C:\\dir\\f.txt",
		file: Buffer.from("\r\n--b-\r\n--b\r\r\n--"),
	};
	const form = written(plan);
	const wanted = await read(form, plan.boundary);
	t.equal(wanted.error, undefined);
	t.equal(wanted.content.toString(), plan.file.toString());
	for (let at = 1; at < form.length; at++) {
		const pieces = [form.subarray(0, at), form.subarray(at)];
		t.strictSame(await read(form, plan.boundary, pieces), wanted, `at ${at}`);
	}
	const bytes = [...form].map((byte) => Buffer.of(byte));
	t.strictSame(await read(form, plan.boundary, bytes), wanted);
});

t.test("nothing but the closing boundary ends the file", async (t) => {
	const plan = { boundary: "bb", fields: [], filename: undefined };
	const head = written({ ...plan, file: Buffer.from("") }).subarray(
		0,
		-"\r\n--bb--\r\n".length,
	);
	for (const tail of [
		"content\r\n--bb--",
		"content\r\n--bb--\r\n\r\n",
		"content\r\n--bb--\r\nepilogue",
		"content\r\n--bb-\r\n-",
		'content\r\n--bb\r\nContent-Disposition: form-data; name="after"\r\n\r\nvalue\r\n--bb--\r\n',
		'content\r\n--bb\r\nContent-Disposition: form-data; name="file"\r\n\r\nsecond\r\n--bb--\r\n',
		"con\r\n--bb--\r\ntent\r\n--bb--\r\n",
		"content\r\n--bbx\r\n\r\n--bb--\r\n",
		"content\r\n--BB--\r\n",
		"content",
	]) {
		const form = Buffer.concat([head, Buffer.from(tail)]);
		for (const pieces of [[form], [...form].map((byte) => Buffer.of(byte))]) {
			const { error } = await read(form, "bb", pieces).catch(
				(error: unknown) => ({ error }),
			);
			t.equal(
				error instanceof SealgateError && error.code,
				"form-malformed",
				JSON.stringify(tail),
			);
		}
	}
});

t.test(
	"a form that breaks off anywhere fails, and its file never ends",
	async (t) => {
		const plan = {
			boundary: "bb",
			fields: [["key", "k"] as const],
			filename: undefined,
			file: Buffer.from("content"),
		};
		const form = written(plan);
		const cut = new Error("the client has gone");
		for (let length = 0; length < form.length; length++) {
			const piece = form.subarray(0, length);
			const failed = await read(form, "bb", [piece], cut).catch(
				(error: unknown) => ({ error }),
			);
			t.equal(failed.error, cut, `${length} bytes, then the connection breaks`);
			const short = await read(form, "bb", [piece]).catch((error: unknown) => ({
				error,
			}));
			t.type(short.error, SealgateError, `${length} bytes, then the end`);
		}
	},
);

t.test("what precedes the file is bounded, to the byte", async (t) => {
	const around = written({
		boundary: "bb",
		fields: [["a", ""]],
		filename: undefined,
		file: Buffer.from(""),
	});
	const room = mostHeadBytes - (around.length - "\r\n--bb--\r\n".length);
	const form = (size: number) =>
		written({
			boundary: "bb",
			fields: [["a", "v".repeat(size)]],
			filename: undefined,
			file: Buffer.from("content"),
		});
	t.equal((await read(form(room), "bb")).content.toString(), "content");
	const tooMuch = await read(form(room + 1), "bb").catch(
		(error: SealgateError) => error,
	);
	t.match(tooMuch, {
		code: "form-fields-too-large",
		fields: { MaxPostPreDataLengthBytes: "20480" },
	});
});

t.test("parts that are no fields are refused", async (t) => {
	const file = 'Content-Disposition: form-data; name="file"\r\n\r\n';
	for (const [head, code] of [
		["preamble\r\n--bb\r\n", "form-malformed"],
		["\r\n--bb\r\n", "form-malformed"],
		["--bx\r\n", "form-malformed"],
		["--bbx\r\n", "form-malformed"],
		["--bb\r\n\r\nno head\r\n--bb\r\n", "form-malformed"],
		["--bb\r\nContent-Type: text/plain\r\n\r\nv\r\n--bb\r\n", "form-malformed"],
		[
			"--bb\r\nContent-Disposition: form-data\r\n\r\nv\r\n--bb\r\n",
			"form-malformed",
		],
		[
			'--bb\r\nContent-Disposition: file; name="file"\r\n\r\nv\r\n--bb\r\n',
			"form-malformed",
		],
		[
			'--bb\r\nContent-Disposition: form-data; name="a"; name="b"\r\n\r\nv\r\n--bb\r\n',
			"form-malformed",
		],
		[
			'--bb\r\nContent-Disposition: form-data; name="a\r\n\r\nv\r\n--bb\r\n',
			"form-malformed",
		],
		[
			'--bb\r\nContent-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"\r\n\r\nv\r\n--bb\r\n',
			"form-malformed",
		],
		[
			'--bb\r\nContent-Disposition: form-data; name="a"\r\n--bb\r\nx:\r\n\r\n',
			"form-malformed",
		],
		["--bb--\r\n", "argument-invalid"],
		[
			'--bb\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--bb\r\n',
			"form-malformed",
		],
	] as const) {
		const form = Buffer.from(`${head}${file}c\r\n--bb--\r\n`, "latin1");
		const error = await read(form, "bb").catch((error: SealgateError) => error);
		t.match(error, { code }, JSON.stringify(head));
	}
});

t.test("names are read in every spelling that clients write", async (t) => {
	for (const [disposition, filename] of [
		['form-data; name="file"; filename="a.txt"', "a.txt"],
		["Form-Data;name=file;filename=a.txt", "a.txt"],
		['form-data; filename="a;b=\\"c\\".txt"; name="FILE"', 'a;b="c".txt'],
		['form-data; name="file"; filename="C:\\dir\\a.txt"', "C:\\dir\\a.txt"],
		['form-data; name="file"; filename=""', ""],
		['form-data; name="file"; filename="ü"; filename*=UTF-8\'\'x', "ü"],
		['form-data; name="file"', undefined],
	] as const) {
		const form = Buffer.from(
			`--bb  \t\r\ncontent-disposition:${disposition}\r\nX-Other: y\r\n\r\nc\r\n--bb--\r\n`,
		);
		const found = await read(form, "bb");
		t.match(found, { error: undefined, fields: [] }, disposition);
		t.equal(found.filename, filename, disposition);
	}
});

t.test("the boundary of a Content-Type", async (t) => {
	for (const [type, boundary] of [
		["multipart/form-data; boundary=abc", "abc"],
		['Multipart/Form-Data;charset=utf-8; Boundary="a b:c"', "a b:c"],
		["multipart/form-data; boundary=abc; charset=utf-8", "abc"],
	] as const) {
		t.equal(boundaryOf(type), boundary);
	}
	for (const [type, code] of [
		[undefined, "precondition-failed"],
		["text/html", "precondition-failed"],
		["multipart/form-data-x; boundary=a", "precondition-failed"],
		["multipart/form-data", "form-malformed"],
		["multipart/form-data; boundary=", "form-malformed"],
		[`multipart/form-data; boundary=${"a".repeat(71)}`, "form-malformed"],
		['multipart/form-data; boundary="a\u00fc"', "form-malformed"],
		['multipart/form-data; boundary="a "', "form-malformed"],
	] as const) {
		t.throws(() => boundaryOf(type), { code }, String(type));
	}
});
