/**
 * What `kappa engine install` brings: wheels of PyPI, pinned by their hashes, and the files of them that are kept. The CUDA
 * plugin was built for CUDA 13.0 and runs on any 13: these are of 13.2.2, since cuBLAS before 13.2 may compute wrongly on
 * Blackwell when several streams run. They are all that the plugin can load (cuBLAS, cuDNN, NCCL, …); what else JAX asks for,
 * cuSOLVER and cuSPARSE among it, is called by JAX and not by the plugin.
 */
export interface Wheel {
  readonly name: string
  readonly version: string
  readonly file: string
  readonly bytes: number
  readonly sha256: string
  /** Paths in the wheel, and in the engine's folder. */
  readonly kept: readonly string[]
  /** A folder of the wheel whose files come to lie in the engine's folder itself. */
  readonly below?: string
}

/** An engine that can be installed. */
export interface Installable {
  readonly name: string
  readonly wheels: readonly Wheel[]
  /** Path of the plugin in the engine's folder. */
  readonly plugin: string
}

const CPU: Wheel = {
  name: 'lammps-jax-pjrt-cpu',
  version: '0.11.2',
  file: 'lammps_jax_pjrt_cpu-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
  bytes: 62_711_338,
  sha256: '1319390d948b39f69f7dade496b7c385149d9ca6097a6b62114da113216d9ad1',
  kept: ['pjrt_c_api_cpu_plugin.so'],
  below: 'lammps_jax_pjrt_cpu/'
}

/** Finds the libraries through its RPATH, `$ORIGIN/../../nvidia/…/lib`, and ptxas and libdevice in `../../nvidia/cu13`. */
const CUDA_PLUGIN = 'jax_plugins/xla_cuda13/xla_cuda_plugin.so'

/** With these three the plugin compiles for a GPU that is not there. */
const COMPILER: readonly Wheel[] = [
  {
    name: 'jax-cuda13-pjrt',
    version: '0.11.2',
    file: 'jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 134_162_640,
    sha256: 'e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e',
    kept: [CUDA_PLUGIN]
  },
  {
    name: 'nvidia-cuda-nvcc',
    version: '13.2.86',
    file: 'nvidia_cuda_nvcc-13.2.86-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    bytes: 44_042_846,
    sha256: '7d3f56c8d705bad35bbba69eb0470d90856fd5d4dc48c6a6173aaf1e9f887cf5',
    kept: ['nvidia/cu13/bin/ptxas', 'nvidia/cu13/bin/nvlink', 'nvidia/cu13/bin/fatbinary']
  },
  {
    name: 'nvidia-nvvm',
    version: '13.2.86',
    file: 'nvidia_nvvm-13.2.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    bytes: 64_280_112,
    sha256: 'a9244f3209922d655612c11ebb4117ea1f80983cb2b215c9cccded127282cebc',
    kept: ['nvidia/cu13/nvvm/libdevice/libdevice.10.bc']
  }
]

const libraries = (folder: string, ...names: readonly string[]): string[] =>
  names.map((name) => `nvidia/${folder}/lib/lib${name}`)

const LIBRARIES: readonly Wheel[] = [
  {
    name: 'nvidia-cuda-runtime',
    version: '13.2.86',
    file: 'nvidia_cuda_runtime-13.2.86-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    bytes: 2_323_576,
    sha256: '3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0',
    kept: libraries('cu13', 'cudart.so.13')
  },
  {
    name: 'nvidia-cublas',
    version: '13.4.1.3',
    file: 'nvidia_cublas-13.4.1.3-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 404_870_805,
    sha256: 'a5917cb642cfb07f4a0231ee16aec7e2e0357d8cb8b1b78a0c9c68dba3e6afc7',
    kept: libraries('cu13', 'cublas.so.13', 'cublasLt.so.13')
  },
  {
    name: 'nvidia-cudnn-cu13',
    version: '9.24.1.1',
    file: 'nvidia_cudnn_cu13-9.24.1.1-py3-none-manylinux_2_27_x86_64.whl',
    bytes: 553_126_434,
    sha256: '06df9d1cc37d7c151f9f218a47dba0fb0223d4725115961ec02c070a081b4c1b',
    kept: libraries(
      'cudnn',
      'cudnn.so.9',
      'cudnn_adv.so.9',
      'cudnn_cnn.so.9',
      'cudnn_engines_precompiled.so.9',
      'cudnn_engines_runtime_compiled.so.9',
      'cudnn_engines_tensor_ir.so.9',
      'cudnn_ext.so.9',
      'cudnn_graph.so.9',
      'cudnn_heuristic.so.9',
      'cudnn_ops.so.9'
    )
  },
  {
    name: 'nvidia-cuda-nvrtc',
    version: '13.2.86',
    file: 'nvidia_cuda_nvrtc-13.2.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    bytes: 47_018_468,
    sha256: '8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5',
    kept: libraries('cu13', 'nvrtc.so.13', 'nvrtc-builtins.so.13.2')
  },
  {
    name: 'nvidia-nccl-cu13',
    version: '2.30.7',
    file: 'nvidia_nccl_cu13-2.30.7-py3-none-manylinux_2_18_x86_64.whl',
    bytes: 215_965_170,
    sha256: 'cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50',
    kept: libraries('nccl', 'nccl.so.2')
  },
  {
    name: 'nvidia-cuda-cupti',
    version: '13.2.86',
    file: 'nvidia_cuda_cupti-13.2.86-py3-none-manylinux_2_25_x86_64.whl',
    bytes: 11_988_600,
    sha256: '8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586',
    kept: libraries('cu13', 'cupti.so.13')
  },
  {
    name: 'nvidia-cufft',
    version: '12.2.0.57',
    file: 'nvidia_cufft-12.2.0.57-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    bytes: 218_258_101,
    sha256: '34da27fadf3979b0b042c43823f0530be8408b86df31ee0108e1ca0b621d4ef6',
    kept: libraries('cu13', 'cufft.so.12')
  }
]

export const INSTALLABLE_NAMES = ['xla-cpu', 'xla-cuda', 'xla-cuda-aot'] as const
export type InstallableName = (typeof INSTALLABLE_NAMES)[number]

/** `xla-cuda-aot` is the part of `xla-cuda` that compiles; it cannot run anything. */
export const INSTALLABLE: Readonly<Record<InstallableName, Installable>> = {
  'xla-cpu': { name: 'xla-cpu', wheels: [CPU], plugin: CPU.kept[0]! },
  'xla-cuda': { name: 'xla-cuda', wheels: [...COMPILER, ...LIBRARIES], plugin: CUDA_PLUGIN },
  'xla-cuda-aot': { name: 'xla-cuda-aot', wheels: COMPILER, plugin: CUDA_PLUGIN }
}
