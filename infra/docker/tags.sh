#!/bin/sh
# The tag of this checkout's images, the same for the same commit: 0.2.0 on the tag v0.2.0, 0.2.0-14-g8d6bebc later, and with
# -dirty where files were changed, which nobody should push. Needs the tags: a shallow clone has none.
set -eu
cd "$(dirname "$0")/../.."
version=$(git describe --tags --match 'v[0-9]*' --always --dirty 2>/dev/null)
case $version in
  v*) version=${version#v} ;;
  *) version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)-g$version ;;
esac
echo "$version"
