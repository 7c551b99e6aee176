/** The devices of a client, and what is known of their memory. */

import { ERROR_CODES } from './error-codes.ts'
import { type Pointer, pointersAt, textAt } from './native.ts'
import type { Plugin } from './plugin.ts'
import { PluginError } from './plugin-errors.ts'

export interface DeviceMemory {
  readonly inUseBytes: number
  /** Since the process began; null where the plugin does not count. */
  readonly peakBytes: number | null
  readonly limitBytes: number | null
}

export interface XlaDevice {
  /** Its place in the client's list. */
  readonly index: number
  /** Such as `NVIDIA H100 80GB HBM3` or `cpu`. */
  readonly kind: string
  readonly handle: Pointer
  /** Null where the plugin does not know, as on CPUs. */
  memory(): DeviceMemory | null
}

export function devicesOf(plugin: Plugin, client: Pointer): XlaDevice[] {
  const list = plugin.call('Client_AddressableDevices', { client })
  return pointersAt(list.addressable_devices, list.num_addressable_devices).map((handle, index) => {
    const { device_description } = plugin.call('Device_GetDescription', { device: handle })
    const { device_kind, device_kind_size } = plugin.call('DeviceDescription_Kind', { device_description })
    const memory = () => memoryOf(plugin, handle)
    return { index, kind: textAt(device_kind, device_kind_size), handle, memory }
  })
}

/** Of the devices that can tell, the one that has held the most; null where none can. */
export function fullestOf(devices: readonly XlaDevice[]): DeviceMemory | null {
  const [first, ...others] = devices.map((device) => device.memory()).filter((memory) => memory !== null)
  return others.reduce((most, one) => ((one.peakBytes ?? 0) > (most?.peakBytes ?? 0) ? one : most), first ?? null)
}

function memoryOf(plugin: Plugin, device: Pointer): DeviceMemory | null {
  try {
    const stats = plugin.call('Device_MemoryStats', { device })
    return {
      inUseBytes: stats.bytes_in_use,
      peakBytes: stats.peak_bytes_in_use_is_set ? stats.peak_bytes_in_use : null,
      limitBytes: stats.bytes_limit_is_set ? stats.bytes_limit : null
    }
  } catch (error) {
    if (error instanceof PluginError && error.status === ERROR_CODES.unimplemented) return null
    throw error
  }
}
