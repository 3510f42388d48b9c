"""Use an SDK as its users do: look at a QPU, run, cancel, save, load and run again.

Orders: ``sdk`` (the module), ``url`` and ``token`` of a local QPU, ``slow_url`` and ``slow_token``
of one whose tasks take a while, ``qpu_ids`` of two QPUs, and a ``folder``.
"""

import asyncio
from importlib import import_module
from pathlib import Path

import peer
from configs import counts
from describe import describe
from programs import BELL, BROKEN, ONE


async def main(orders):
    """Go through it all."""
    package = import_module(orders["sdk"])
    first, second = orders["qpu_ids"]
    folder = Path(orders["folder"])
    async with package.OqcSdk(orders["url"], authentication_token=orders["token"]) as sdk:
        sdk.set_default_qpu(first)
        seen = {"reads": await _reads(sdk, second)}
        seen["job"] = await _job(sdk, folder / "job.json")
        seen["failed"] = await _failed(sdk)
        seen["composite"] = await _composite(sdk, [first, second], folder / "composite.json")
    async with package.OqcSdk(orders["slow_url"], orders["slow_token"]) as slow:
        seen["cancelled"] = await _cancelled(slow, first)
    # an account instead of a token: the password of a local QPU is its token
    sdk = package.OqcSdk(orders["url"], email="someone@example.com", password=orders["token"])
    await sdk.open()
    seen["with_password"] = [qpu["id"] for qpu in await sdk.list_qpus()]
    await sdk.close()
    return seen


async def _reads(sdk, qpu_id):
    window = await sdk.get_next_window()
    return {
        "qpus": [[qpu["id"], qpu["name"], qpu["active"]] for qpu in await sdk.list_qpus()],
        "features": await sdk.get_features(),
        "other_features": await sdk.get_features(qpu_id),
        "status": await sdk.get_system_status(),
        "other_status": await sdk.get_system_status(qpu_id),
        "calibration": await sdk.get_calibration(),
        "old_calibration": await sdk.get_calibration(qpu_id, date_filter="2026-01-31"),
        "next_window": [type(window).__name__, str(window)],
    }


async def _job(sdk, path):
    job = sdk.create_job(program=BELL, config=counts(repeats=500), fetch_diagnostics=True)
    outputs = await job.execute()
    result = {"data": outputs.data, "first": describe(job)}
    job.save(path)
    loaded = sdk.load(path)
    result["loaded"] = describe(loaded)
    await loaded.execute()
    result["second"] = describe(loaded)
    await loaded.history.first.reexecute()
    result["third"] = describe(loaded)
    return result


async def _failed(sdk):
    job = sdk.create_job(program=BROKEN)
    await job.execute()
    try:
        job.raise_for_status()
    except Exception as exc:  # whatever it raises is to be told
        return {"job": describe(job), "raised": [type(exc).__name__, exc.code, exc.details]}


async def _composite(sdk, qpu_ids, path):
    composite = sdk.create_job(program=[BELL, ONE], qpu_id=qpu_ids, config=counts(repeats=200))
    await composite.execute()
    result = {"first": describe(composite)}
    composite.save(path)
    loaded = sdk.load(path)
    result["loaded"] = describe(loaded)
    await loaded.execute()
    result["second"] = describe(loaded)
    return result


async def _cancelled(slow, qpu_id):
    job = slow.create_job(program=BELL, qpu_id=qpu_id)
    composite = slow.create_job(program=[BELL, ONE], qpu_id=qpu_id)
    for each in (job, *composite.jobs):
        await each.submit()
    await job.cancel()
    await composite.cancel_if_active()
    await composite.cancel()
    for each in (job, *composite.jobs):
        await each.refresh()
    return [each.state.value for each in (job, *composite.jobs)]


peer.answer(asyncio.run(main(peer.orders())))
