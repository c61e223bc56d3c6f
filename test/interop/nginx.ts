/** The raw requests of test/vectors/http.yaml with nginx between the client and the gateway: both must count the same. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Row, rawRequests, sendRow } from "../support/raw-http.ts";
import { startTestStore, type TestStore } from "../support/store.ts";
import { check, folder, freePort, start } from "./harness.ts";

/** As its documentation advises for large uploads: nothing is buffered, connections to the gateway are kept. */
function configuration(port: number, gateway: number, own: string): string {
	return `
daemon off;
master_process off;
pid ${own}/pid;
error_log ${own}/error.log;
events { worker_connections 256; }
http {
	access_log off;
	client_body_temp_path ${own}/body;
	proxy_temp_path ${own}/proxy;
	fastcgi_temp_path ${own}/fastcgi;
	uwsgi_temp_path ${own}/uwsgi;
	scgi_temp_path ${own}/scgi;
	client_header_timeout 1s;
	client_body_timeout 10s;
	lingering_timeout 1s;
	upstream gateway { server 127.0.0.1:${gateway}; keepalive 4; }
	server {
		listen 127.0.0.1:${port};
		client_max_body_size 0;
		location / {
			proxy_pass http://gateway;
			proxy_http_version 1.1;
			proxy_set_header Host $http_host;
			proxy_set_header Connection "";
			proxy_request_buffering off;
		}
	}
}
`;
}

/** @returns the address of nginx */
async function startBoth(store: TestStore): Promise<string> {
	const gateway = await freePort();
	const config = join(folder, "behind-nginx.yaml");
	writeFileSync(
		config,
		`listen: 127.0.0.1:${gateway}
authentication: trust
upstreams: [{ name: store, endpoint: "${store.endpoint}", credentials: anonymous }]
routes: [{ name: all, match: {}, upstream: store }]
limits: { headerTime: 1s, bodyGrace: 1s }
`,
	);
	await start(
		"behind-nginx",
		process.execPath,
		["src/main.ts", "serve", "--config", config],
		gateway,
	);
	const port = await freePort();
	const own = join(folder, "nginx");
	mkdirSync(own);
	const file = join(own, "nginx.conf");
	writeFileSync(file, configuration(port, gateway, own));
	await start("nginx", "nginx", ["-c", file, "-p", own], port);
	return `127.0.0.1:${port}`;
}

export async function nginxInFront(): Promise<void> {
	const store = await startTestStore((request, response) => {
		response.end(request.method === "HEAD" ? undefined : "stored");
	});
	try {
		const address = await startBoth(store);
		for (const row of rawRequests()) {
			await check("nginx", row.name, () => behindNginx(row, address, store));
		}
	} finally {
		await store.close();
	}
}

/** @throws Error where a row is answered otherwise than the table says */
async function behindNginx(
	row: Row,
	address: string,
	store: TestStore,
): Promise<void> {
	const wanted = { status: row.status, store: row.store, ...row.nginx };
	const before = store.requests.length;
	const { status, after } = await sendRow(row, address, wanted.status);
	const seen = store.requests
		.slice(before)
		.filter(({ complete, target }) => complete && target !== "/bucket/canary");
	const found = { status, store: seen.length };
	if (JSON.stringify(found) !== JSON.stringify(wanted)) {
		throw new Error(`${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
	}
	// Where the gateway would have closed, nginx may read the request on behind what is left of the row.
	const fits = after === "closed" || after === 200;
	if (!fits && !(row.closes && after === 400)) {
		throw new Error(`the next request on the connection was answered ${after}`);
	}
}
