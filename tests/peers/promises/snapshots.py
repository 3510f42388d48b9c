"""What is saved comes back equal, or is refused by name."""

import json
import math
import os
import time

from compiler_config.config import CompilerConfig

from tests.faulty import Fault, answer
from tests.peers.promises.registry import promise
from tests.peers.scripts.configs import all_configs, counts
from tests.peers.scripts.describe import describe
from tests.peers.scripts.programs import BROKEN, ONE


def _refused_or_kept(world, data):
    job = world.completed()
    for output in {id(each): each for each in (job.result, *job.history)}.values():
        output.data = data
    try:
        restored = world.saved_and_loaded(job)
    except (TypeError, ValueError):
        return
    assert restored.result.data == data, f"changed to {restored.result.data}"


async def _completed(world, data):
    """Give the result of a run, whatever the server says, after a save and a load."""
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
    assert repr(job.result.data) == repr(data)
    return world.saved_and_loaded(job).result.data


def completed(results):
    """Let the server give these results."""
    content = answer(200, {"status": "COMPLETED", "results": results})
    return Fault("GET", "/all_info", times=None, answer=content)


RAW = [[1.0, -1.0], [-0.125, 0.5]]


@promise("Counts, errors, programs and times of every run come back")
async def plain_history(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE, config=counts(repeats=7), fetch_diagnostics=True)
        await job.execute()
        job.reconfigure(program=BROKEN, config=None)
        await job.execute()
    before, after = describe(job), describe(world.saved_and_loaded(job))
    assert before == after, f"{before} became {after}"


@promise("Every kind of configuration comes back")
async def configurations(module, world):
    for name, config in all_configs(module.ExperimentalConfig).items():
        job = world.offline().create_job(program=ONE, qpu_id="qpu:1", config=config)
        assert world.saved_and_loaded(job).config.to_json() == config.to_json(), name


@promise("A result that is a list survives", completed(RAW))
async def result_that_is_a_list(module, world):
    data = await _completed(world, RAW)
    assert data == RAW, f"changed to {data}"


@promise("NaN and infinity in a result survive", completed({"c": {"m": math.nan, "x": math.inf}}))
async def nan_in_a_result(module, world):
    data = await _completed(world, {"c": {"m": math.nan, "x": math.inf}})
    assert math.isnan(data["c"]["m"])
    assert data["c"]["x"] == math.inf


@promise("Bytes in a result survive or are refused, never changed")
async def bytes_in_a_result(module, world):
    _refused_or_kept(world, {"c": b"01"})


@promise("Keys that are numbers survive or are refused, never changed")
async def number_as_key(module, world):
    _refused_or_kept(world, {"c": {1: 1000}})


@promise("Diagnostics that are empty stay empty, and do not become missing")
async def empty_diagnostics(module, world):
    job = world.completed()
    job.timings = job.result.timings = {}
    restored = world.saved_and_loaded(job)
    assert restored.timings == restored.result.timings == {}, restored.timings


@promise(
    "A status that is new to the SDK does not keep a job from being saved",
    Fault("GET", "/all_info", times=None, answer=answer(200, {"status": "PAUSED"})),
)
async def new_status(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.submit()
        await job.refresh()
    assert world.saved_and_loaded(job).task_id == job.task_id


@promise("`received` is the same moment on a machine in another time zone")
async def received_elsewhere(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE)
        await job.execute()
    moment = job.result.received.timestamp()
    job.save(world.file)
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    moved = world.offline().load(world.file).result.received.timestamp() - moment
    assert moved == 0, f"moved by {moved} s"


@promise("The outputs of a composite come back as they were")
async def outputs_of_a_composite(module, world):
    async with world.sdk() as sdk:
        composite = sdk.create_job(program=[ONE, ONE])
        await composite.execute()
        composite.jobs[0].reconfigure(config=counts(repeats=7))
        await composite.jobs[0].execute()
    before = [output.data for output in composite.outputs]
    after = [output.data for output in world.saved_and_loaded(composite).outputs]
    assert before == after, f"{before} became {after}"


@promise("The `attr_policy` of a history survives")
async def attr_policy(module, world):
    job = world.completed()
    job.history.attr_policy = type(job.history.attr_policy).FIRST
    assert world.saved_and_loaded(job).history.attr_policy is job.history.attr_policy, "changed"


@promise("The history keeps the configuration that each run had")
async def configuration_of_a_run(module, world):
    async with world.sdk() as sdk:
        job = sdk.create_job(program=ONE, config=counts(repeats=7))
        await job.execute()
        job.config.repeats = 9
        assert job.history.first.compiler_config.repeats == 7, "it has changed"


@promise("A snapshot does not change with its job")
async def snapshot_is_apart(module, world):
    job = world.completed()
    snapshot = job.to_snapshot()
    job.result.data["c"]["1"] = 5
    assert snapshot.result.data == {"c": {"1": 1000}}, "it has changed"


class OwnConfig(CompilerConfig):
    """A user's own kind of configuration."""


@promise("A job whose configuration is a subclass of `CompilerConfig` can be saved")
async def subclass_of_a_configuration(module, world):
    job = world.offline().create_job(program=ONE, qpu_id="qpu:1", config=OwnConfig(repeats=7))
    assert world.saved_and_loaded(job).config.repeats == 7


@promise("A noise model is never dropped")
async def noise_model(module, world):
    config = json.loads(module.ExperimentalConfig(noise=True).to_json())
    config["$external"]["noise_model"] = {"t1": 1e-4}
    job = world.job(config_type="ExperimentalConfig", config_json=json.dumps(config))
    assert "t1" in job.config.to_json(), "dropped"


@promise("The programs of a composite stay plain text")
async def plain_programs(module, world):
    composite = world.offline().create_job(program=[ONE, ONE], qpu_id="qpu:1")
    types = {type(job.program) for job in composite.jobs}
    assert types == {str}, types
