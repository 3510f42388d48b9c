"""Files are written whole or not at all, wherever they lie."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oqc_notebook.sdk import OqcSdk, files
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.files import read_content, write_whole

SDK = OqcSdk("https://example.com")

#: Begins a script that is not root, whoever runs it; what it needs is imported before.
AS_NOBODY = """
import os
import sys
from oqc_notebook.sdk.files import write_whole
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""

#: Writes whole files of a letter and its kind, for ever.
WRITER = """
import sys
from oqc_notebook.sdk.files import write_whole
path, letters, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("begun", flush=True)
while rounds:
    for letter in letters:
        write_whole(path, letter.encode() * 4_000_000)
    rounds -= 1
"""


def python(script: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def litter(folder: Path) -> list[str]:
    return [name for name in os.listdir(folder) if name.startswith(".oqc-")]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


# ---- whole or nothing ----


def kill_writers(folder: Path, times: int) -> None:
    path = folder / "job.json"
    write_whole(path, b"a" * 4_000_000)
    for _ in range(times):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), "ab", "-1"], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0, 0.03))  # the moment is what is tested
        process.kill()
        process.wait()
        process.stdout.close()
        content = path.read_bytes()
        assert len(content) == 4_000_000
        assert content in (b"a" * 4_000_000, b"b" * 4_000_000)
        # one that was killed sweeps what the one before it left
        assert len(litter(folder)) <= 1
    done = python(WRITER, path, "c", 1)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == b"c" * 4_000_000
    assert os.listdir(folder) == ["job.json"]


def test_a_killed_save_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    kill_writers(tmp_path, 10)


@pytest.mark.soak
def test_a_killed_save_leaves_the_old_file_or_the_new_one_100_times(tmp_path: Path) -> None:
    kill_writers(tmp_path, 100)


def test_a_full_disk_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    done = python(
        """
import resource, sys
from oqc_notebook.sdk import OqcSdk
job = OqcSdk("https://example.com").create_job(program="x" * 50_000, qpu_id="q")
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    job.save(sys.argv[1])
except OSError as exc:
    print(exc)
""",
        path,
    )
    assert "File too large" in done.stdout, done.stderr
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["job.json"]


def test_an_interrupted_save_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["job.json"]


def test_what_cannot_be_saved_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    job = SDK.create_job(program="a", qpu_id="q")
    job.save(path)
    old = path.read_bytes()
    job.program = "\ud800"
    with pytest.raises(ValueError, match="program"):
        job.save(path)
    assert path.read_bytes() == old


def test_two_processes_that_write_at_once_each_write_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    write_whole(path, b"a" * 4_000_000)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), letter, "20"], stdout=subprocess.DEVNULL
        )
        for letter in "xy"
    ]
    while None in (writers[0].poll(), writers[1].poll()):
        content = path.read_bytes()
        assert len(content) == 4_000_000
        assert content == content[:1] * len(content)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert path.read_bytes()[:1] in (b"x", b"y")
    assert os.listdir(tmp_path) == ["job.json"]


def test_threads_that_write_at_once_each_write_whole_files(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    threads = [
        threading.Thread(target=write_whole, args=(path, letter * 1_000_000))
        for letter in (b"a", b"b", b"c", b"d")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = path.read_bytes()
    assert content == content[:1] * 1_000_000
    assert os.listdir(tmp_path) == ["job.json"]


# ---- temporary files ----


def test_abandoned_temporary_files_are_swept_and_nothing_else(tmp_path: Path) -> None:
    abandoned = tmp_path / f".oqc-{'0' * 24}.tmp"
    others = [tmp_path / f".oqc-{'0' * 23}.tmp", tmp_path / "notes.tmp", tmp_path / ".hidden"]
    for file in (abandoned, *others):
        file.write_bytes(b"")
    write_whole(tmp_path / "job.json", b"new")
    assert not abandoned.exists()
    assert all(file.exists() for file in others)


def test_a_temporary_file_that_is_being_written_is_not_swept(tmp_path: Path) -> None:
    _, busy = files._new_file(tmp_path, 0o600)
    with busy:
        done = python(WRITER, tmp_path / "job.json", "a", 1)
        assert done.returncode == 0, done.stderr
        assert len(litter(tmp_path)) == 1
    done = python(WRITER, tmp_path / "job.json", "a", 1)
    assert not litter(tmp_path)


def test_a_file_that_is_swept_before_it_is_locked_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = files._lock

    def sweep_first(descriptor: int, *, wait: bool) -> None:
        monkeypatch.setattr(files, "_lock", lock)
        for name in litter(tmp_path):
            os.unlink(tmp_path / name)
        lock(descriptor, wait=wait)

    monkeypatch.setattr(files, "_lock", sweep_first)
    write_whole(tmp_path / "job.json", b"new")
    assert (tmp_path / "job.json").read_bytes() == b"new"


def test_without_locks_a_temporary_file_is_swept_when_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(descriptor: int, *, wait: bool) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(files, "_lock", no_locks)
    young, old = tmp_path / f".oqc-{'0' * 24}.tmp", tmp_path / f".oqc-{'1' * 24}.tmp"
    for file in (young, old):
        file.write_bytes(b"")
    os.utime(old, (time.time() - 4000,) * 2)
    write_whole(tmp_path / "job.json", b"new")
    assert (tmp_path / "job.json").read_bytes() == b"new"
    assert litter(tmp_path) == [young.name]


# ---- the locale ----


def test_the_locale_changes_neither_files_nor_programs(tmp_path: Path) -> None:
    script = """
import sys
from oqc_notebook.sdk import OqcSdk
sdk = OqcSdk("https://example.com")
sdk.create_job(program="rz(\\u03b8) \\U0001f600", qpu_id="q").save(sys.argv[1])
assert sdk.load(sys.argv[1]).program == "rz(\\u03b8) \\U0001f600"
"""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))
    }
    contents = set()
    for i, locale in enumerate(("C", "C.UTF-8")):
        path = tmp_path / f"{i}.json"
        done = python(
            script,
            path,
            env=environment | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )
        assert done.returncode == 0, done.stderr
        contents.add(path.read_bytes())
        assert SDK.load(path).program == "rz(θ) 😀"
    assert len(contents) == 1


# ---- links ----


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_symbolic_link_is_followed_and_kept(tmp_path: Path, exists: bool, relative: bool) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "links").mkdir()
    target = tmp_path / "elsewhere" / "job.json"
    if exists:
        target.write_bytes(b"old")
    link = tmp_path / "links" / "job.json"
    link.symlink_to("../elsewhere/job.json" if relative else target)
    chain = tmp_path / "chain.json"
    chain.symlink_to(link)
    write_whole(chain, b"new")
    assert target.read_bytes() == b"new"
    assert chain.is_symlink()
    assert link.is_symlink()
    assert not target.is_symlink()
    assert os.listdir(tmp_path / "elsewhere") == ["job.json"]
    assert os.listdir(tmp_path / "links") == ["job.json"]


def test_a_link_into_a_missing_folder_is_a_missing_folder(tmp_path: Path) -> None:
    link = tmp_path / "job.json"
    link.symlink_to("missing/job.json")
    with pytest.raises(FileNotFoundError, match="job.json"):
        write_whole(link, b"new")


def test_links_in_a_circle_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        write_whole(tmp_path / "a", b"new")


# ---- mode and owner ----


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_the_mode_of_an_existing_file_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_whole(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    for umask in (0o077, 0o022):
        done = python(f"import os; os.umask({umask})\n" + WRITER, tmp_path / str(umask), "a", 1)
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE((tmp_path / str(umask)).stat().st_mode) == 0o666 & ~umask


def test_a_private_file_is_never_readable_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    path.chmod(0o600)
    modes = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: modes.append(os.fstat(descriptor).st_mode & 0o777)
    )
    write_whole(path, b"new")
    assert modes[0] == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_the_owner_of_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    os.chown(path, 1234, 4321)
    path.chmod(0o640)
    write_whole(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


# ---- what can only be written in place ----


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[Any] = []
    reader = threading.Thread(target=lambda: read.append(SDK.load(pipe)))
    reader.start()
    SDK.create_job(program="a", qpu_id="q").save(pipe)
    reader.join()
    assert read[0].program == "a"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


SAVE_TO_STDOUT = """
import sys
from oqc_notebook.sdk import OqcSdk
job = OqcSdk("https://example.com").create_job(program="a", qpu_id="q")
job.save("/dev/stdout")
"""


def test_standard_output_is_written_in_place() -> None:
    done = python(SAVE_TO_STDOUT)
    assert done.returncode == 0, done.stderr
    assert '"snapshot_kind": "job"' in done.stdout


def test_a_file_behind_standard_output_stays_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    with path.open("wb") as out:
        before = path.stat().st_ino
        done = python(SAVE_TO_STDOUT, stdout=out)
    assert done.returncode == 0, done.stderr
    assert path.stat().st_ino == before
    assert '"snapshot_kind": "job"' in path.read_text()


def test_a_writable_file_in_a_read_only_folder_is_written_in_place(open_folder: Path) -> None:
    path = open_folder / "job.json"
    path.write_bytes(b"old and long")
    path.chmod(0o666)
    open_folder.chmod(0o555)
    before = path.stat().st_ino
    done = python(AS_NOBODY + "write_whole(sys.argv[1], b'new')", path)
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino == before
    assert os.listdir(open_folder) == ["job.json"]


def test_a_new_file_in_a_read_only_folder_is_refused(open_folder: Path) -> None:
    open_folder.chmod(0o555)
    done = python(AS_NOBODY + "write_whole(sys.argv[1], b'new')", open_folder / "job.json")
    assert "PermissionError" in done.stderr
    assert os.listdir(open_folder) == []


def test_a_read_only_file_is_not_replaced(open_folder: Path) -> None:
    path = open_folder / "job.json"
    path.write_bytes(b"old")
    path.chmod(0o444)
    open_folder.chmod(0o777)
    done = python(AS_NOBODY + "write_whole(sys.argv[1], b'new')", path)
    assert "PermissionError" in done.stderr
    assert str(path) in done.stderr
    assert path.read_bytes() == b"old"
    assert os.listdir(open_folder) == ["job.json"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs a file of another user")
def test_another_users_file_in_a_sticky_folder_is_written_in_place(open_folder: Path) -> None:
    path = open_folder / "job.json"
    path.write_bytes(b"old")
    path.chmod(0o666)
    open_folder.chmod(0o1777)
    done = python(AS_NOBODY + "write_whole(sys.argv[1], b'new')", path)
    assert path.read_bytes() == b"new", done.stderr
    assert path.stat().st_uid == 0
    assert os.listdir(open_folder) == ["job.json"]


def test_a_file_that_is_a_mount_point_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(source: object, target: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    path = tmp_path / "job.json"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "replace", busy)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["job.json"]


# ---- paths ----


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "job.json"
    with pytest.raises(FileNotFoundError) as caught:
        SDK.create_job(program="a", qpu_id="q").save(path)
    assert caught.value.filename == str(path)
    assert not path.parent.exists()


@pytest.mark.parametrize("name", ["", ".", "folder"])
def test_a_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises((IsADirectoryError, FileNotFoundError)):
        write_whole(name, b"new")
    with pytest.raises(SnapshotError, match="folder"):
        read_content(name or ".")
    assert os.listdir(tmp_path) == ["folder"]
    assert not litter(tmp_path.parent)


@pytest.mark.parametrize("name", ["n" * 250 + ".json", "€" * 85])
def test_the_longest_names_work(tmp_path: Path, name: str) -> None:
    assert len(name.encode()) == 255
    SDK.create_job(program="a", qpu_id="q").save(tmp_path / name)
    assert SDK.load(tmp_path / name).program == "a"
    assert os.listdir(tmp_path) == [name]


def test_paths_are_texts_or_paths_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    job = SDK.create_job(program="a", qpu_id="q")
    for path in ("text.json", Path("path.json"), str(tmp_path / "absolute.json")):
        job.save(path)
        assert SDK.load(path).program == "a"
    assert sorted(os.listdir()) == ["absolute.json", "path.json", "text.json"]


def test_a_missing_file_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing.json"):
        SDK.load(tmp_path / "missing.json")
