"""Writes sbom.json: the software bill of materials (CycloneDX) of what `pip install bvn-evidence` installs.

    python .ci/sbom.py [sbom.json]

Made from the packages installed here, without the network. Extras and what only development needs are left out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def runtime() -> set[str]:
    """The names of all packages that a plain installation needs, directly or not."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    waiting = [Requirement(text) for text in project["dependencies"]]
    found: dict[str, set[str]] = {}
    while waiting:
        need = waiting.pop()
        extras = need.extras or {""}
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        name = canonicalize_name(need.name)
        if extras <= found.get(name, set()):
            continue
        found.setdefault(name, set()).update(extras)
        for text in distribution(need.name).requires or ():
            below = Requirement(text)
            if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
                below.marker = None
                waiting.append(below)
    return set(found)


def main(target: str = "sbom.json") -> None:
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml")]
    command += ["--output-reproducible", "--of", "JSON", "-o", "-", sys.executable]
    bom = json.loads(subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout)
    names = runtime()
    bom["components"] = [one for one in bom["components"] if canonicalize_name(one["name"]) in names]
    kept = {one["bom-ref"] for one in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    bom["dependencies"] = [
        {**row, "dependsOn": [ref for ref in row.get("dependsOn", ()) if ref in kept]}
        for row in bom["dependencies"]
        if row["ref"] in kept
    ]
    missing = names - {canonicalize_name(one["name"]) for one in bom["components"]}
    if missing:
        sys.exit(f"not installed here: {', '.join(sorted(missing))}")
    Path(target).write_text(json.dumps(bom, indent=2) + "\n")
    sys.stdout.write(f"wrote {target}: {len(bom['components'])} packages\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
