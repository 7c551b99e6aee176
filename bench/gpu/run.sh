#!/usr/bin/env bash
# All that can be learned in nine minutes on a machine that has an NVIDIA GPU, python3 with torch and jax's CUDA plugin, and
# neither Node nor a network. What it lacks is in .gpu-pack/, made by pack.sh.
#
#   bench/gpu/run.sh [--rehearse]
#
# Results are written below $OUT (gpu-results), each as its part ends or grows: what is cut off keeps what it has. A part that
# fails or outlasts its limit is told, and the next one goes on. --rehearse shrinks sizes, and takes two of the oracles, for a machine
# where KAPPA_PJRT_PLUGIN names XLA's plugin for the CPU.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
root=$PWD
total=${KAPPA_GPU_SECONDS:-535}
python=${KAPPA_PYTHON:-python3}
out=${OUT:-gpu-results}
mkdir -p "$out"
out=$(realpath "$out")
log=$out/run.log
: >"$log"
say() { echo "$@" | tee -a "$log"; }

if [[ ${1:-} == --rehearse ]]; then
  device=cpu recipe=bench/gpu/rehearsal.json resume_steps=6 slack=4
  sizes=(--local-crops 2 --prototypes 512 --rounds 1 --steps 2 --threads 1)
  # Twelve blocks take PyTorch's compiler many minutes on two processors.
  small=(--recipe demo --batch 8 --peer eager,compiled "${sizes[@]}")
  base=(--recipe base --batch 1 --peer eager "${sizes[@]}")
  embed=(--arch vit_tiny --batch 1,8 --seconds 0.5)
  serve=(--images-a-request 1,8 --seconds 0.5)
  oracles='dino_vmf .*xla|mu in bfloat16'
else
  device=cuda recipe=bench/gpu/cifar10.json resume_steps=30 slack=1
  sizes=(--local-crops 8 --prototypes 65536 --rounds 5 --steps 12)
  small=(--recipe small --batch 64 --peer eager,compiled "${sizes[@]}")
  base=(--recipe base --batch 32 --peer eager,compiled "${sizes[@]}")
  embed=(--arch vit_small --batch 1,8,64 --seconds 1.5)
  serve=(--images-a-request 1,8,64 --seconds 1)
  oracles='xla|float16'
fi
total=$((total * slack))

work=$(mktemp -d)
made_link=
cleanup() {
  rm -rf "$work"
  if [[ -n $made_link ]]; then rm -f "$root/node_modules"; fi
}
trap cleanup EXIT

# Python unpacks: it is there, and xz may not be. The three at once, in some seconds.
for archive in .gpu-pack/*.tar.xz; do
  "$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1], "r:xz").extractall(sys.argv[2], filter="tar")' \
    "$archive" "$work" &
done
wait
if [[ ! -e node_modules ]]; then ln -s "$work/node_modules" node_modules && made_link=yes; fi
export PATH=$work/bin:$PATH KAPPA_CACHE=$work/cache KAPPA_PYTHON=$python KAPPA_ENGINE=xla TMPDIR=$work

# The folder of jax's plugin, which finds cuBLAS, cuDNN and NCCL from where it lies.
if [[ -z ${KAPPA_PJRT_PLUGIN:-} ]]; then
  KAPPA_PJRT_PLUGIN=$("$python" - <<'PYTHON'
import importlib.util, os
folder, = importlib.util.find_spec("jax_plugins.xla_cuda13").submodule_search_locations
print(os.path.join(folder, "xla_cuda_plugin.so"))
PYTHON
  )
fi
export KAPPA_PJRT_PLUGIN

# XLA links libdevice and calls ptxas. Where NVIDIA's packages for Python lack them, CUDA's own folder has them, or Triton.
find_cuda() {
  local folder triton
  for folder in "${KAPPA_PJRT_PLUGIN%/jax_plugins/*}/nvidia/cu13" "${CUDA_HOME:-}" /usr/local/cuda \
    "$(dirname "$(dirname "$(realpath "$(command -v nvcc || echo /)")")")"; do
    if [[ -e $folder/nvvm/libdevice/libdevice.10.bc && -x $folder/bin/ptxas ]]; then echo "$folder" && return; fi
  done
  triton=$("$python" -c 'import importlib.util as u; print(u.find_spec("triton").submodule_search_locations[0])') || return
  mkdir -p "$work/cuda/bin" "$work/cuda/nvvm/libdevice"
  ln -s "$triton/backends/nvidia/bin/ptxas" "$work/cuda/bin/ptxas"
  ln -s "$triton/backends/nvidia/lib/libdevice.10.bc" "$work/cuda/nvvm/libdevice/libdevice.10.bc"
  echo "$work/cuda"
}
if [[ $device == cuda ]]; then
  cuda=$(find_cuda)
  export XLA_FLAGS="--xla_gpu_cuda_data_dir=$cuda ${XLA_FLAGS:-}" PATH=$PATH:$cuda/bin
  nvidia-smi >>"$log" 2>&1
fi

say "node $(node --version), $(nproc) processors, plugin $KAPPA_PJRT_PLUGIN, XLA_FLAGS ${XLA_FLAGS:-none}, ready after $SECONDS s"

failed=0
# part NAME LIMIT COMMAND…: seconds, of which there are no more than are left.
part() {
  local name=$1 limit=$(($2 * slack)) begin=$SECONDS code
  shift 2
  if ((limit > total - SECONDS)); then limit=$((total - SECONDS)); fi
  if ((limit < 5)); then say "== $name: NOT BEGUN, no time is left" && failed=1 && return; fi
  say "== $name"
  timeout --kill-after=5 "$limit" "$@" 2>&1 | tee -a "$log" | tail -n 25
  code=${PIPESTATUS[0]}
  if ((code == 124 || code == 137)); then say "== $name: CUT OFF"; elif ((code != 0)); then say "== $name: FAILED ($code)"; fi
  ((code == 0)) || failed=1
  say "== $name: $((SECONDS - begin)) s, $SECONDS s in all"
}

bench=(node bench/run.ts)
step=("${bench[@]}" train-step --engine xla --device "$device" --amp --at-once)

part doctor 60 bash -c 'node src/bin/cli.ts doctor --json >"$0/doctor.json"; code=$?; cat "$0/doctor.json"; exit $code' "$out"
part oracles 120 node --test --test-reporter=spec --test-reporter-destination="$out/oracles.txt" \
  --test-reporter=dot --test-reporter-destination=stdout --test-name-pattern="$oracles" \
  test/conformance/training/step.test.ts test/conformance/training/precision.test.ts
part step-small 170 "${step[@]}" "${small[@]}" --json "$out/step-small.json"
part step-base 170 "${step[@]}" "${base[@]}" --json "$out/step-base.json"
part resume 90 node bench/gpu/resume.ts --images "$work/cifar10/train" --recipe "$recipe" --steps "$resume_steps" \
  --out "$work/resume" --json "$out/resume.json"
part learn 170 node bench/gpu/learn.ts --images "$work/cifar10/train" --bank "$work/cifar10/bank" \
  --queries "$work/cifar10/test" --recipe "$recipe" --out "$work/learn" --json "$out/learn.json"
part embed 60 "${bench[@]}" embed --engine xla --precision float32,bfloat16 "${embed[@]}" --json "$out/embed.json"
part serve 60 node bench/gpu/serve.ts --model "$work/learn/trained/model" "${serve[@]}" --json "$out/serve.json"
exit "$failed"
