"""Writes kappa_client.generated, models and calls, from openapi.yaml. Needs `pip install -e '.[generate]'`."""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--document", type=Path, default=HERE.parents[1] / "openapi.yaml")
    document = parser.parse_args().document.resolve()
    target = HERE / "src/kappa_client/generated"
    shutil.rmtree(target, ignore_errors=True)
    # Beside this Python first: in a virtual environment that nobody has activated the PATH does not have it.
    beside = Path(sys.executable).parent / "openapi-python-client"
    program = str(beside) if beside.exists() else "openapi-python-client"
    config = str(HERE / "openapi-python-client.yaml")
    options = ["--path", str(document), "--meta", "none", "--output-path", str(target), "--config", config]
    subprocess.run([program, "generate", *options, "--fail-on-warning"], check=True)


if __name__ == "__main__":
    main()
