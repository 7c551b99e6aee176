import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Passes bytes on until it is cut: a server that others need is let be. */
export async function startRelay({ hostname, port }: URL): Promise<{ readonly url: string; cut(): Promise<void> }> {
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const there = connect(Number(port || 443), hostname)
    for (const socket of [client, there]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.pipe(there).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as AddressInfo // of a TCP server that listens
  return {
    url: `https://127.0.0.1:${address.port}`,
    async cut() {
      server.close()
      for (const socket of open) socket.destroy()
    }
  }
}
