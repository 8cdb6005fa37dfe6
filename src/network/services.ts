/** Programs that networks' hosts can run: servers of all kinds, proxies, and both ends of tunnels. */
export * from './services/app-server.ts'
export { type DatabaseOptions, database } from './services/database.ts'
export { type DatagramServerOptions, datagramServer } from './services/datagrams.ts'
export { type EchoState, echo } from './services/echo.ts'
export { type ForwardProxyOptions, type ForwardProxyState, forwardProxy } from './services/forward-proxy.ts'
export type { Inspection, ProxyState } from './services/forward-request.ts'
export {
  formatRequest,
  formatResponse,
  type HttpRequest,
  type HttpResponse,
  parseRequest,
  parseResponse,
} from './services/http.ts'
export type { WebRequest } from './services/http-clients.ts'
export type { LineServerState } from './services/line-server.ts'
export { type ListenerOptions, type ListenerState, listener } from './services/listener.ts'
export * from './services/load-balancer.ts'
export { type Pop3ServerOptions, pop3Server } from './services/pop3.ts'
export { type ReverseProxyOptions, reverseProxy } from './services/reverse-proxy.ts'
export { type SocksServerOptions, type SocksServerState, socksServer } from './services/socks-server.ts'
export { type WebServerOptions, type WebServerState, webServer } from './services/web-server.ts'
export {
  type WebSocketServerOptions,
  type WebSocketServerState,
  webSocketServer,
} from './services/web-socket.ts'
export * from './tunnel/cloud-tunnel.ts'
export type { Alive, TunnelSessions } from './tunnel/sessions.ts'
export { type SshClientOptions, sshClient } from './tunnel/ssh-client.ts'
export { type SshServerOptions, type SshServerState, sshServer } from './tunnel/ssh-server.ts'
export type { TunnelClientState } from './tunnel/tunnel-client.ts'
