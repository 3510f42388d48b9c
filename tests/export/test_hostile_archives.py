"""Archives that somebody made to do harm, or that were damaged on their way."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oqc_notebook.export import opening
from oqc_notebook.export.bundle import MANIFEST, Bundle, collect, is_of_an_archive, manifest, to_zip
from oqc_notebook.export.extracting import extract
from oqc_notebook.export.opening import ArchiveError, open_archive
from oqc_notebook.export.restoring import restore
from tests.export.pages import page_with

GUIDE = Path(__file__).parents[2] / "notebooks"
GOOD = collect(GUIDE / "01_quickstart.ipynb")


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], said: Bundle | None = None) -> bytes:
    """A zip file with some entries, and a manifest that knows of them all."""
    files = {e.filename if isinstance(e, zipfile.ZipInfo) else e: data for e, data in entries}
    document = manifest(said or Bundle("a.ipynb", files))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(document))
        for entry, data in entries:
            archive.writestr(entry, data)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = 0o120777 << 16
    return entry


NOTEBOOK = ("a.ipynb", b'{"cells": []}')
BELOW = Bundle("x/a.ipynb", {"x/a.ipynb": b""})
ALONE = Bundle("a.ipynb", dict([NOTEBOOK]))

NAMES = [
    "../a.ipynb", "a.oqc/../../x.json", "/etc/passwd", "C:/x.json", "a.oqc\\x.json",
    "a.oqc/x.json:stream", "a.oqc//x.json", "a.oqc/./x.json", "a.oqc/con.json", "a.oqc/NUL",
    "a.oqc/x.json ", "a.oqc/x.", "a.oqc/\x07.json", "a.oqc/a?.json", "~/../x",
    "a.oqc/COM¹.json", "a.oqc/conout$", "a.oqc/\u202enosj.json", f"a.oqc/{'é' * 130}.json",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leaves_the_folder_on_some_system_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(zipped(NOTEBOOK, (name, b"{}")))
    before = sorted(tmp_path.rglob("*"))
    for use in (restore, open_archive, lambda path: extract(path, tmp_path / "out")):
        with pytest.raises(ArchiveError, match=r"bad\.zip.*holds a file with the name"):
            use(path)
    assert sorted(tmp_path.rglob("*")) == before


REFUSED: dict[str, tuple[bytes, str]] = {
    "no manifest": (b"", ""),
    "link": (zipped(NOTEBOOK, (link("a.oqc/x.json"), b"/etc/passwd")), "no regular file"),
    "two spellings": (
        zipped(NOTEBOOK, ("a.oqc/x.json", b"{}"), ("a.oqc/X.json", b"{}")),
        "two spellings",
    ),
    "two accents": (
        zipped(NOTEBOOK, ("a.oqc/\u00e9.json", b"{}"), ("a.oqc/e\u0301.json", b"{}")),
        "two spellings",
    ),
    "file and folder": (
        zipped(NOTEBOOK, ("a.oqc", b""), ("a.oqc/x.json", b"{}")),
        "as a file and as a folder",
    ),
    "program": (zipped(NOTEBOOK, ("a.oqc/conftest.py", b"1/0")), "belongs to no archive"),
    "hidden": (zipped(NOTEBOOK, ("a.oqc/.x/y.json", b"1/0")), "belongs to no archive"),
    "wrong hash": (zipped(("a.ipynb", b"{}"), said=Bundle("a.ipynb", {"a.ipynb": b"[]"})), "hash"),
    "missing file": (zipped(NOTEBOOK, said=GOOD), "is missing"),
    "file more": (zipped(NOTEBOOK, ("b.txt", b""), said=ALONE), "does not tell"),
    "no notebook": (zipped(("a.oqc/archive.json", b"{}")), "does not hold the notebook"),
    "notebook elsewhere": (zipped(("x/a.ipynb", b""), said=BELOW), "names the notebook"),
    "cut": (to_zip(GOOD)[:-100], "damaged"),
    "garbage": (b"PK" + bytes(range(256)) * 1000, "damaged"),
    "page cut": (page_with(to_zip(GOOD))[:-200], "neither a zip file nor a page"),
    "page damaged": (page_with(to_zip(GOOD)).replace(b"</script>", b"!!</script>"), "damaged"),
    "page of nothing": (page_with(b""), "damaged"),
    "page of a snapshot": (page_with(b'{"schema_version": "1"}'), "damaged"),
}  # fmt: skip
REFUSED["no manifest"] = (
    REFUSED["wrong hash"][0].replace(MANIFEST.encode(), b"x" * len(MANIFEST)),
    "there is no oqc-manifest",
)


@pytest.mark.parametrize("name", REFUSED)
def test_an_archive_that_is_not_what_it_should_be_is_refused_and_nothing_is_written(
    name: str, tmp_path: Path
) -> None:
    content, said = REFUSED[name]
    path = tmp_path / ("bad.html" if "page" in name else "bad.zip")
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=rf"(?s)bad\..*{said}"):
        extract(path, tmp_path / "out")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("notebook", ["..ipynb", "...ipynb"])
def test_no_name_of_a_notebook_leads_out_of_the_working_directory(
    notebook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.zip").write_bytes(to_zip(Bundle(notebook, {notebook: NOTEBOOK[1]})))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert extract(tmp_path / "bad.zip") == tmp_path / "here" / "notebook" / notebook
    assert {path.name for path in tmp_path.iterdir()} == {"here", "bad.zip"}


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(NOTEBOOK))
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.rindex(mark)
        content[start + at] |= 1
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match="encrypted"):
        open_archive(tmp_path / "bad.zip")


def test_a_file_without_a_name_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(NOTEBOOK, ("y", b"")))
    start = content.rindex(b"PK\x01\x02")
    content[start + 28 : start + 32] = struct.pack("<HH", 0, 1)  # its letter is something else's
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"bad\.zip"):
        open_archive(tmp_path / "bad.zip")


def peak(use: Callable[[], object]) -> int:
    """The most memory in use while something runs (bytes)."""
    tracemalloc.start()
    try:
        use()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refuses(path: Path, said: str) -> Callable[[], None]:
    def use() -> None:
        with pytest.raises(ArchiveError, match=said):
            open_archive(path)

    return use


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_BYTES", 5_000_000)
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped(NOTEBOOK, *((f"a.oqc/{n}.json", bytes(3_000_000)) for n in range(40))))
    assert path.stat().st_size < 500_000
    assert peak(refuses(path, r"more than 5000000 bytes, at 'a\.oqc/1\.json'")) < 20_000_000
    # one that says of itself that it is small
    content = bytearray(zipped(NOTEBOOK, ("a.oqc/x.json", bytes(50_000_000))))
    small = struct.pack("<I", 10)
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = small
    path.write_bytes(content)
    assert peak(refuses(path, r"has not the size that it says|damaged")) < 20_000_000


def test_a_small_file_is_not_unpacked_to_a_very_large_one(tmp_path: Path) -> None:
    zeros = [(f"a.oqc/{n}.json", bytes(3_000_000)) for n in range(40)]
    (tmp_path / "bomb.zip").write_bytes(zipped(NOTEBOOK, *zeros))
    (tmp_path / "bomb.html").write_bytes(page_with(zipped(NOTEBOOK, *zeros)))
    for name in ("bomb.zip", "bomb.html"):
        refuse = refuses(tmp_path / name, "more than 200 times as large as itself")
        assert peak(refuse) < 5_000_000
    # but few bytes may be of any kind
    (tmp_path / "same.zip").write_bytes(zipped(NOTEBOOK, *zeros[:5]))
    assert len(open_archive(tmp_path / "same.zip").files) == 6


def test_a_list_of_very_many_files_is_not_read(tmp_path: Path) -> None:
    kind, none = b"PK\x01\x02", bytes(16)
    entry = kind + none + none[:8] + struct.pack("<HHHHHII", 1, 0, 0, 0, 0, 0, 0) + b"a"
    number = opening.MOST_LISTED // len(entry) + 1
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0, 0, number * len(entry), 0, 0)
    (tmp_path / "list.zip").write_bytes(entry * number + end)
    refuse = refuses(tmp_path / "list.zip", "list of files is longer")
    assert peak(refuse) < 4 * opening.MOST_LISTED


def test_an_archive_of_very_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "MOST_FILES", 50)
    path = tmp_path / "many.zip"
    path.write_bytes(zipped(NOTEBOOK, *((f"a.oqc/{n}.json", b"") for n in range(50))))
    refuses(path, "52 files; 50 are the most")()


@pytest.mark.parametrize("start", [b"", b"PK\x03\x04", b"<html>", b"{"])
def test_much_garbage_is_refused_with_bounded_memory(start: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage.zip"
    path.write_bytes(start + bytes(range(256)) * 200_000)
    assert peak(refuses(path, r"garbage\.zip")) < 200_000_000


def test_a_page_in_a_page_is_not_taken_for_it(tmp_path: Path) -> None:
    other = zipped(
        ("b.ipynb", b'{"cells": []}'), said=Bundle("b.ipynb", {"b.ipynb": b'{"cells": []}'})
    )
    (tmp_path / "x.html").write_bytes(page_with(to_zip(GOOD)) + page_with(other))
    assert open_archive(tmp_path / "x.html") == GOOD


SMALL = Bundle("a.ipynb", {"a.ipynb": b'{"cells": []}', "a.oqc/archive.json": b"{}" * 30})


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), page=st.booleans(), bundle=st.sampled_from([SMALL, GOOD]))
def test_any_damage_is_refused_or_does_no_harm(
    data: st.DataObject, page: bool, bundle: Bundle, tmp_path: Path
) -> None:
    content = bytearray(to_zip(bundle))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.sampled_from([1, 1, 2, 30]))
        content[at : at + length] = data.draw(st.binary(min_size=length - 1, max_size=length))
    content = content[: data.draw(st.integers(len(content) // 2, len(content)))]
    path = tmp_path / ("x.html" if page else "x.zip")
    path.write_bytes(page_with(bytes(content)) if page else bytes(content))
    try:
        opened = open_archive(path)
    except ArchiveError:
        return
    assert opened.files == bundle.files


@pytest.mark.parametrize("name", ["run 12:30.ipynb", "why?.ipynb", "nul.ipynb"])
def test_what_could_not_be_opened_elsewhere_is_not_exported(name: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be exported: it holds a file with the name"):
        to_zip(Bundle(name, {name: b"{}"}))


@settings(max_examples=200, deadline=None)
@given(
    files=st.dictionaries(st.text(max_size=12).map("{}.json".format), st.binary(max_size=20)),
)
def test_what_can_be_exported_can_be_opened(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    collected = {f"a.oqc/{name}": data for name, data in files.items() if is_of_an_archive(name)}
    bundle = Bundle("a.ipynb", {"a.ipynb": b"{}"} | collected)
    path = tmp_path_factory.mktemp("any") / "x.zip"
    with contextlib.suppress(ValueError):  # there is a name that not every system takes
        path.write_bytes(to_zip(bundle))
    if path.exists():
        assert open_archive(path) == bundle


def test_base64_of_any_spacing_is_read(tmp_path: Path) -> None:
    lines = base64.encodebytes(to_zip(GOOD))
    plain = base64.b64encode(to_zip(GOOD))
    (tmp_path / "x.html").write_bytes(page_with(to_zip(GOOD)).replace(plain, lines))
    assert open_archive(tmp_path / "x.html") == GOOD
