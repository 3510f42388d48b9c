"""The command line: ``oqc-notebook demo``, ``lab``, ``qpu``, ``export``, ``extract``, ``diff``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_DESCRIPTION = """\
Jobs on OQC's quantum computers, from Jupyter notebooks, with a local QPU for
everybody who has no account. In a notebook, begin with:

    import oqc_notebook
    sdk = oqc_notebook.connect()
"""

_DEMO = """\
Show the whole way on this machine: start the local QPU, run OpenQASM programs as a
job and as a composite of jobs over HTTP, save them to FOLDER, load them in a fresh
process, and run them again; then execute the quickstart notebook in a real kernel and
leave it there with its snapshots and an HTML page. Exits with a status other than 0 if
anything fails.
"""

_LAB = """\
Open JupyterLab on the guide: a copy of its notebooks in FOLDER. What is there already
is left as it is. Options after -- go to JupyterLab, such as -- --no-browser.
"""

_EXPORT = """\
Export a notebook with its results and its archive as one HTML page that opens anywhere,
asks no host for anything and gives the jobs back. Where there is a token in it, nothing
is exported, and it is said where. An earlier export of the same notebook is replaced,
no other file.
"""

_QPU = """\
Start the local QPU and leave it running until it is stopped (Ctrl-C). The first line
on standard output is a JSON object with "url", "token" and "pid"; logs go to standard
error. Give url and token to oqc_notebook.connect(), or set OQC_URL and OQC_AUTH_TOKEN.
"""


_EXTRACT = """\
Put the notebook and the archive that an exported file holds (.html or .zip) into FOLDER,
where the notebook opens as it was and its runs are at hand. Nothing is run.
"""


_DIFF = """\
Compare two archives run by run: programs, configurations, counts (with the distance that
chance makes), environment. A and B are notebooks with their archives, exported files or
snapshots. Exits with status 1 where runs differ by more than chance, and with 2 where
something cannot be read.
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command line; give the exit status."""
    parser = argparse.ArgumentParser(
        prog="oqc-notebook",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", dest="command", required=True)
    demo = commands.add_parser(
        "demo",
        help="show the whole way with the local QPU",
        description=_DEMO,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    demo.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="where to leave the snapshots (default: ./oqc-demo, numbered if it exists)",
    )
    lab = commands.add_parser(
        "lab",
        help="open JupyterLab on the guide's notebooks",
        description=_LAB,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lab.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        default=Path("oqc-notebooks"),
        help="where to put the copies (default: ./oqc-notebooks)",
    )
    extract = commands.add_parser(
        "extract",
        help="put an exported notebook and its archive back on the disk",
        description=_EXTRACT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    extract.add_argument("file", metavar="FILE", type=Path, help="what was exported")
    extract.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        type=Path,
        help="a new or an empty folder (default: the notebook's name, numbered if it exists)",
    )
    compare = commands.add_parser(
        "diff",
        help="compare two archives run by run",
        description=_DIFF,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument("a", metavar="A", type=Path, help="an archive or a snapshot")
    compare.add_argument("b", metavar="B", type=Path, help="another one")
    export = commands.add_parser(
        "export",
        help="export a notebook and its results as one page",
        description=_EXPORT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.add_argument("notebook", metavar="NOTEBOOK", type=Path, help="the notebook")
    export.add_argument(
        "-o",
        metavar="FILE",
        type=Path,
        dest="path",
        help="the file to write (default: next to the notebook, with .html)",
    )
    export.add_argument(
        "--redact", action="store_true", help="replace tokens by [token removed] in the page"
    )
    commands.add_parser("qpu", help="start the local QPU", description=_QPU, add_help=False)
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["qpu"]:
        # the local QPU stands alone and knows its own options
        from oqc_notebook.local.__main__ import main as qpu

        return qpu(arguments[1:])
    own, for_jupyter = _split(arguments)
    chosen = parser.parse_args(own)
    if chosen.command == "lab":
        from oqc_notebook.guide import open_lab

        return open_lab(chosen.folder, for_jupyter)
    if chosen.command in ("export", "extract", "diff"):
        from oqc_notebook.export import commands as of_archives

        if chosen.command == "export":
            return of_archives.export_file(chosen.notebook, chosen.path, chosen.redact)
        if chosen.command == "extract":
            return of_archives.extract_file(chosen.file, chosen.folder)
        return of_archives.compare_files(chosen.a, chosen.b)
    from oqc_notebook.demo import main as run_demo

    return run_demo(chosen.folder)


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part the arguments at ``--``."""
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


if __name__ == "__main__":
    sys.exit(main())
