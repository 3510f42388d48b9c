"""Files: the old one or the new one, and nothing but jobs in them."""

import asyncio
import contextlib
import json
import os
import signal
import time

from tests.peers.promises.registry import promise
from tests.peers.scripts.configs import counts
from tests.peers.scripts.programs import ONE, UNICODE


def _large(world):
    """Give a job whose file is large enough to be caught while it is written."""
    return world.completed(data={"c": {f"{n:020b}": n for n in range(200_000)}})


@promise("kill -9 during `save()` leaves the old file or the new one")
async def killed_while_saving(module, world):
    job = _large(world)
    job.save(world.file)
    size = world.file.stat().st_size
    for _ in range(10):
        saving = os.fork()
        if saving == 0:
            signal.alarm(10)  # ends this process even if nobody kills it
            while True:
                job.save(world.file)
        until = time.monotonic() + 0.3
        while world.file.stat().st_size == size and time.monotonic() < until:
            pass
        os.kill(saving, signal.SIGKILL)
        await asyncio.to_thread(os.waitpid, saving, 0)
        assert world.file.stat().st_size == size, "half a file"
    assert len(world.offline().load(world.file).result.data["c"]) == 200_000


@promise("A disk that is full during `save()` leaves the old file")
async def full_disk(module, world):
    import resource  # where there is no such module, nothing of this runs

    job = world.completed()
    job.save(world.file)
    old = world.file.read_bytes()
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    with contextlib.suppress(OSError):
        _large(world).save(world.file)
        raise AssertionError("there was no room for it")
    assert world.file.read_bytes() == old, "the old file is lost"


@promise("`save()` goes through a symbolic link and keeps the mode of the file")
async def link_and_mode(module, world):
    world.file.write_text("old")
    world.file.chmod(0o640)
    link = world.file.with_name("link.json")
    link.symlink_to(world.file)
    world.completed().save(link)
    assert link.is_symlink()
    assert world.file.stat().st_mode & 0o777 == 0o640
    assert world.offline().load(world.file).completed


@promise("No token is in a file")
async def no_token(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE, fetch_diagnostics=True)
        await job.execute()
    job.save(world.file)
    assert world.token not in world.file.read_text("utf-8")


@promise(
    "A program with θ can be saved under LC_ALL=C",
    environment={"LC_ALL": "C", "PYTHONUTF8": "0"},
)
async def unicode_in_another_locale(module, world):
    job = world.offline().create_job(program=UNICODE, qpu_id="qpu:1")
    assert world.saved_and_loaded(job).program == UNICODE


@promise("A child of another schema version is refused")
async def child_of_another_version(module, world):
    composite = world.offline().create_job(program=["a", "b"], qpu_id="qpu:1")
    try:
        world.load_edited(composite, lambda file: file["jobs"][1].update(schema_version="9"))
    except ValueError as exc:
        said = str(exc)
    else:
        said = "nothing"
    assert "schema version: '9'" in said, f"{said} is said"


@promise("A damaged configuration is a `ValueError`")
async def damaged_configuration(module, world):
    job = world.offline().create_job(program="a", qpu_id="qpu:1", config=counts())
    for damaged in ("{", "[]", '{"$type": 1}', '{"$data": {"repeats": {}}}'):
        try:
            world.load_edited(job, lambda file, text=damaged: file.update(config_json=text))
        except ValueError:
            continue
        raise AssertionError(f"{damaged} was loaded")


@promise("A crafted configuration plants no attribute")
async def crafted_configuration(module, world):
    def craft(file):
        config = json.loads(file["config_json"])
        config["$data"]["to_json"] = "planted"
        file["config_json"] = json.dumps(config)

    job = world.offline().create_job(program="a", qpu_id="qpu:1", config=counts())
    with contextlib.suppress(ValueError):
        assert "to_json" not in vars(world.load_edited(job, craft).config), "it is planted"


@promise("A file holds the program once, however many runs there were")
async def size_of_a_history(module, world):
    program = "// " + 10_000 * "x"
    run = {"kind": "result", "data": {"c": {"1": 1000}}, "program": program, "qpu_id": "qpu:1"}
    world.job(
        program=program, qpu_id="qpu:1", state="COMPLETED", result=run, history=5 * [run]
    ).save(world.file)
    assert world.file.stat().st_size < 20_000, f"{world.file.stat().st_size} bytes"
