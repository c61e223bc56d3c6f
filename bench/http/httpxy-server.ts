/** The plainest proxy of Node's world, as a second floor. `node bench/http/httpxy-server.ts PORT STORE` */
import { createServer } from "node:http";
import { createProxyServer } from "httpxy";

const [port, store] = process.argv.slice(2);
const proxy = createProxyServer();
const target = `http://${store}`;
createServer((request, response) => {
	proxy.web(request, response, { target }).catch(() => response.destroy());
}).listen(Number(port), "127.0.0.1");
