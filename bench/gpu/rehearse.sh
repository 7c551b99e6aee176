#!/usr/bin/env bash
# Runs run.sh as the machine with the GPU will: from a folder with nothing but the pack and the files that git knows or does not
# ignore, with the pack's Node, and XLA's plugin for the CPU in CUDA's place (npx kappa engine install xla-cpu).
#
#   KAPPA_PYTHON=PYTHON_WITH_TORCH bench/gpu/rehearse.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git ls-files -z --cached --others --exclude-standard -- . ':!.engines' ':!node_modules' | tar --null -T - -cf - | tar -C "$folder" -xf -
cp -r .gpu-pack "$folder/"
plugin=${KAPPA_PJRT_PLUGIN:-$root/.engines/xla-cpu/pjrt_c_api_cpu_plugin.so}
env -i HOME="$HOME" PATH=/usr/local/bin:/usr/bin:/bin OUT="${OUT:-$root/gpu-results}" KAPPA_PYTHON="${KAPPA_PYTHON:-python3}" \
  KAPPA_PJRT_PLUGIN="$(realpath "$plugin")" bash "$folder/bench/gpu/run.sh" --rehearse
