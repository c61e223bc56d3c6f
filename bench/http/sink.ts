/** A store that keeps nothing: swallows bodies of any length and answers with an ETag. `node bench/http/sink.ts PORT` */
import { createServer } from "node:net";

const answer = Buffer.from(
	'HTTP/1.1 200 OK\r\nETag: "00000000000000000000000000000000"\r\nContent-Length: 0\r\n\r\n',
);

createServer((socket) => {
	let text = "";
	let left = 0;
	socket.on("error", () => socket.destroy());
	socket.on("data", (chunk) => {
		let rest: Buffer = chunk;
		while (rest.length > 0) {
			if (left === 0) {
				const before = text.length;
				text += rest.toString("latin1");
				const end = text.indexOf("\r\n\r\n");
				if (end < 0) return;
				rest = rest.subarray(end + 4 - before);
				const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, end));
				left = Number(length?.[1] ?? 0);
				text = "";
				if (left === 0) socket.write(answer);
			}
			const taken = Math.min(left, rest.length);
			rest = rest.subarray(taken);
			if (taken > 0) {
				left -= taken;
				if (left === 0) socket.write(answer);
			}
		}
	});
}).listen(Number(process.argv[2]), "127.0.0.1");
