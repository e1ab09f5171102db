import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { clientChainOf } from './client-chain.ts';
import { closeGently } from './close-gently.ts';

/** Serves what is inside a WebSocket as one stream of bytes: its messages have no meaning of their own. */
export type ServeStream = (stream: Duplex, chain: readonly Uint8Array[]) => void;

export type HandleUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The C# SDK asks for the root, Java's MQTT client for its default, all others for the documented path. */
const paths: readonly string[] = ['/', '/mqtt', '/$iothub/websocket'];
/** A client may write a whole message of 256 KiB and what is around it as one; the protocols inside count for themselves. */
const MAX_MESSAGE_BYTES = 512 * 1024;

/**
 * Upgrades requests of an HTTPS server, which carries several protocols on its port: the subprotocol says which.
 *
 * @param protocols by name of the subprotocol in lower case; clients spell it as they like and get their spelling back
 */
export function createWebSocketUpgrade(protocols: Readonly<Record<string, ServeStream>>): HandleUpgrade {
  const known = (name: string): ServeStream | undefined =>
    Object.hasOwn(protocols, name.toLowerCase()) ? protocols[name.toLowerCase()] : undefined;
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => [...offered].find((name) => known(name) !== undefined) ?? false,
  });
  return (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const [path = ''] = (request.url ?? '').split('?');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!paths.includes(path)) {
      refuse(socket, '404 Not Found');
    } else if (!offered.some((name) => known(name) !== undefined)) {
      refuse(socket, '400 Bad Request');
    } else {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = createWebSocketStream(webSocket);
        stream.on('error', () => stream.destroy());
        // The library has said why it closes, and would wait for half a minute for the peer to agree.
        webSocket.on('error', () => closeGently(socket));
        // The library's stream waits for its socket to have sent everything, which one that was reset never has.
        webSocket.once('close', () => {
          if (stream.readableEnded) stream.destroy();
          else stream.once('end', () => stream.destroy());
        });
        known(webSocket.protocol)?.(stream, clientChainOf(request.socket as TLSSocket));
      });
    }
  };
}

function refuse(socket: Duplex, status: string): void {
  closeGently(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
