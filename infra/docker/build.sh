#!/bin/sh
# Builds the images with docker, podman or buildah: build.sh [TARGET …]; REGISTRY=host/path/ goes before their names.
# worker-cuda brings 1.6 GiB of CUDA, so it is built only when it is named.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- api worker-cpu all-in-one
builder=
for candidate in docker podman buildah; do
  if command -v "$candidate" >/dev/null; then builder=$candidate && break; fi
done
if [ -z "$builder" ]; then
  echo "None of docker, podman and buildah is here. infra/docker/try.ts runs the steps without them." >&2
  exit 1
fi
version=$(infra/docker/tags.sh)
revision=$(git rev-parse HEAD)
# HEALTHCHECK is no part of OCI's format, which podman and buildah would write.
format=
[ "$builder" = docker ] || format=--format=docker
# Files get the time of the commit where the builder can do that (BuildKit), so that the same commit is the same image.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
for target in "$@"; do
  "$builder" build $format --file infra/docker/Dockerfile --target "$target" \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    --tag "${REGISTRY:-}kappa-$target:$version" .
done
