/** What is told of a client: of which version its plugin is, and of what kind its devices are. */
import type { DeviceKind } from '../../base/devices.ts'
import type { XlaClient } from './client.ts'
import { openPlugin } from './plugin.ts'

/** Such as `PJRT 0.115, cpu`. */
export function versionOf({ pluginPath, platform, platformVersion }: XlaClient): string {
  // CUDA's has lines of its own.
  const ofPlatform = platformVersion.trim().replaceAll(/\s*\n\s*/g, ', ')
  const said = ofPlatform.includes(platform) ? ofPlatform : `${platform} ${ofPlatform}`
  return `PJRT ${openPlugin(pluginPath).apiVersion}, ${said}`
}

/** Platforms are named `cpu`, `tpu`, and GPUs after what drives them: `cuda`, `rocm`, `sycl`. */
export const kindOf = ({ platform }: Pick<XlaClient, 'platform'>): DeviceKind =>
  platform === 'cpu' || platform === 'tpu' ? platform : 'gpu'
