"""The notebooks that are the guide: where they lie, and JupyterLab on a copy of them."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path


def notebooks_folder() -> Path:
    """Give the folder of the guide's notebooks: in the wheel, or in a checkout."""
    package = Path(__file__).parent
    inside = package / "notebooks"
    return inside if inside.is_dir() else package.parent / "notebooks"


def open_lab(folder: Path, options: list[str]) -> int:
    """Copy the guide's notebooks to a folder and open JupyterLab there; give its exit status.

    Parameters
    ----------
    folder
        Where to; what is there already stays as it is.
    options
        What JupyterLab is given besides.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        print(
            "JupyterLab is not installed: pip install 'oqc-notebook[lab]'",
            file=sys.stderr,
        )
        return 1
    copy_notebooks(folder)
    print(f"The notebooks are in {folder.absolute()}; begin with 01_quickstart.ipynb.", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.absolute()}"]
    try:
        return subprocess.run([*command, *options], check=False).returncode
    except KeyboardInterrupt:  # JupyterLab was told as well, and has ended
        return 0


def copy_notebooks(folder: Path) -> None:
    """Copy what of the guide is not in `folder` yet."""
    source = notebooks_folder()
    for path in sorted(source.rglob("*")):
        target = folder / path.relative_to(source)
        if path.is_file() and not target.exists() and ".ipynb_checkpoints" not in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
