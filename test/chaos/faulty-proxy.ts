/**
 * Between the platform and what it depends on. Frozen, it takes connections and bytes and passes nothing on, as a host whose
 * disk hangs; refusing, it ends what is open and takes nothing, as a host that is gone.
 */
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export type ProxyMode = 'passing' | 'frozen' | 'refusing'

export interface FaultyProxy {
  readonly port: number
  set(mode: ProxyMode): void
  close(): Promise<void>
}

export async function createFaultyProxy(targetPort: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>()
  let mode: ProxyMode = 'passing'

  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy()) // either side may go at any time: that is what this is for
  }

  function pass(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (!to.write(bytes)) {
        from.pause()
        to.once('drain', () => {
          if (mode !== 'frozen') from.resume()
        })
      }
    })
    from.once('end', () => to.end())
    from.once('close', () => to.destroy())
    if (mode === 'frozen') from.pause()
  }

  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client)
    if (mode === 'refusing') return void client.destroy()
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    keep(target)
    pass(client, target)
    pass(target, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')

  return {
    port: address.port,
    set(next) {
      mode = next
      for (const socket of sockets) {
        if (mode === 'refusing') socket.destroy()
        else if (mode === 'frozen') socket.pause()
        else socket.resume()
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
