#!/bin/sh
# Builds what the launcher is tried against, from Go modules, into a folder: programs.sh FOLDER. A quarter of an hour on two cores, once.
# KAPPA_TEST_KUBE_PROGRAMS=FOLDER then has test/integration/launching/kubernetes-cluster.test.ts start them.
set -eu
[ $# -eq 1 ] || { echo "programs.sh FOLDER" >&2; exit 2; }
KUBERNETES=1.34.4 ETCD=3.6.5 KWOK=0.7.0
mkdir -p "$1"
bin=$(cd "$1" && pwd)
export GOBIN="$bin" GOFLAGS=-mod=mod
work=$(mktemp -d)
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT

# A module whose go.mod has replacements cannot be installed: it is built in a copy without them.
copy() { # MODULE@VERSION NAME
  folder=$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)".*/\1/p')
  cp -r "$folder" "$work/$2"
  chmod -R u+w "$work/$2"
  sed -i '/=> \.\{1,2\}\//d' "$work/$2/go.mod"
}

go install "sigs.k8s.io/kwok/cmd/kwok@v$KWOK"
copy "go.etcd.io/etcd/server/v3@v$ETCD" etcd
(cd "$work/etcd" && go build -ldflags '-s -w' -o "$bin/etcd" .)
copy "k8s.io/kubernetes@v$KUBERNETES" kubernetes
cd "$work/kubernetes"
rm -rf go.work go.work.sum vendor
# Its libraries come from their own modules, of the same release.
sed -i "s|^\(\tk8s.io/[a-z-]* \)v0\.0\.0\( .*\)\{0,1\}\$|\1v0.${KUBERNETES#1.}\2|" go.mod
stamp=k8s.io/component-base/version
minor=${KUBERNETES#1.}
for program in kube-apiserver kube-controller-manager kube-scheduler; do
  go build -ldflags "-s -w -X $stamp.gitVersion=v$KUBERNETES -X $stamp.gitMajor=1 -X $stamp.gitMinor=${minor%.*}" \
    -o "$bin/$program" "./cmd/$program"
done
