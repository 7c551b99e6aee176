#!/bin/sh
# What a release consists of, from a clean checkout of its tag: release.sh FOLDER. The same tag gives the same files, byte for byte.
set -eu
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || { echo "release.sh FOLDER" >&2; exit 2; }
version=$(node -p 'require("./package.json").version')
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "Files were changed: commit them, or put them away." >&2; exit 1; }
tagged=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || true)
[ "$tagged" = "v$version" ] || { echo "This commit has the tag '$tagged', and package.json the version $version." >&2; exit 1; }
mkdir -p "$1"
name=kappa-$version
git archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$1/$name.tar.gz"
# Without what would differ every time: a random serial number, and now.
npm sbom --omit=dev --sbom-format=cyclonedx --package-lock-only | SOURCE_TIME=$(git log -1 --format=%cI) node -e '
  const sbom = JSON.parse(fs.readFileSync(0))
  delete sbom.serialNumber
  sbom.metadata.timestamp = process.env.SOURCE_TIME
  process.stdout.write(JSON.stringify(sbom, null, 2) + "\n")' >"$1/$name.cdx.json"
cat >"$1/$name.provenance.json" <<END
{
  "version": "$version",
  "commit": "$(git rev-parse HEAD)",
  "tree": "$(git rev-parse 'HEAD^{tree}')",
  "lockfile_sha256": "$(sha256sum package-lock.json | cut -d' ' -f1)",
  "node": "$(node --version)",
  "npm": "$(npm --version)"
}
END
(cd "$1" && sha256sum "$name.tar.gz" "$name.cdx.json" "$name.provenance.json" >SHA256SUMS)
cat "$1/SHA256SUMS"
