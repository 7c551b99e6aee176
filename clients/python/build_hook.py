"""Refuses to build a package that lacks the calls which generate.py writes."""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    def initialize(self, version: str, build_data: dict) -> None:
        # An editable install is for work on the helpers, which need no generated calls.
        if version != "editable" and not (Path(self.root) / "src/kappa_client/generated/client.py").exists():
            raise RuntimeError("run `python generate.py` first: kappa_client.generated is not there")
