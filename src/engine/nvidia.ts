import { existsSync } from 'node:fs'

/** What NVIDIA's driver puts there: on Linux, in a container, and in Windows' Linux. */
const SIGNS = ['/proc/driver/nvidia/version', '/dev/nvidia0', '/dev/dxg']

/** A guess that costs nothing, made before a library of a gigabyte is loaded to find out. */
export const hasNvidiaDriver = (): boolean => SIGNS.some((path) => existsSync(path))
