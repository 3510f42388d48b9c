"""Save a job of every kind, and describe each as it was when it was saved.

Orders: ``sdk`` (the module), ``url`` and ``token`` of a local QPU, ``slow_url`` and ``slow_token``
of one whose tasks stay SUBMITTED and RUNNING for a while, ``qpu_id``, and the ``folder``. Each job
goes there twice: ``NAME.json`` is what ``save()`` writes, ``NAME.model.json`` what the snapshot
model gives.
"""

import asyncio
from importlib import import_module
from pathlib import Path

import peer
from configs import all_configs, counts
from describe import describe
from programs import BELL, BROKEN, ONE, UNICODE


async def main(orders):
    """Make the jobs, then save them."""
    package = import_module(orders["sdk"])
    qpu_id = orders["qpu_id"]
    async with (
        package.OqcSdk(orders["url"], orders["token"], default_qpu_id=qpu_id) as sdk,
        package.OqcSdk(orders["slow_url"], orders["slow_token"], default_qpu_id=qpu_id) as slow,
    ):
        configs = all_configs(package.ExperimentalConfig)
        groups = await asyncio.gather(
            _ended(sdk, configs), _composites(sdk, slow), _cancelled(slow)
        )
        jobs = _fresh(sdk, configs)
        for group in groups:
            jobs |= group
        # last, and with nothing awaited after it: these go on
        jobs |= await _in_flight(slow)
        return {name: _save(job, Path(orders["folder"]), name) for name, job in jobs.items()}


def _save(job, folder, name):
    job.save(folder / f"{name}.json")
    text = job.to_snapshot().model_dump_json()
    (folder / f"{name}.model.json").write_text(text, encoding="utf-8")
    return describe(job)


def _fresh(sdk, configs):
    jobs = {"fresh": sdk.create_job(program=BELL), "unicode": sdk.create_job(program=UNICODE)}
    for name, config in configs.items():
        jobs[f"config_{name}"] = sdk.create_job(program=BELL, config=config)
    marked = sdk.create_job(program=BELL, fetch_diagnostics=True)
    marked.tag, marked.hybrid_marker = "a tag", "a marker"
    jobs["marked"] = marked
    strict = sdk.create_job(program=BELL).to_snapshot().model_copy(update={"raise_on_error": True})
    jobs["raises"] = sdk.from_snapshot(strict)
    return jobs


async def _ended(sdk, configs):
    jobs = {
        "completed": sdk.create_job(program=BELL),
        "completed_with_config": sdk.create_job(program=BELL, config=counts(repeats=77)),
        "completed_binary": sdk.create_job(program=BELL, config=configs["format_binary"]),
        "completed_raw": sdk.create_job(program=BELL, config=configs["format_raw"]),
        "completed_squash": sdk.create_job(program=BELL, config=configs["format_squash"]),
        "completed_erado": sdk.create_job(program=BELL, config=configs["erado_every_setting"]),
        "completed_experimental": sdk.create_job(
            program=BELL, config=configs["experimental_plain"]
        ),
        "completed_unicode": sdk.create_job(program=UNICODE),
        "completed_with_diagnostics": sdk.create_job(program=BELL, fetch_diagnostics=True),
        "failed": sdk.create_job(program=BROKEN),
        "failed_with_diagnostics": sdk.create_job(program=BROKEN, fetch_diagnostics=True),
        "refused": sdk.create_job(program=BELL, config=configs["experimental_noise"]),
    }
    jobs["completed_with_diagnostics"].tag = "told back in the metadata"
    several, results = await asyncio.gather(
        _several_runs(sdk, configs), asyncio.gather(*(job.execute() for job in jobs.values()))
    )
    assert all(len(outputs) == 1 for outputs in results)
    return jobs | several


async def _several_runs(sdk, configs):
    """Make jobs whose history differs from what they are set to now."""
    many = sdk.create_job(program=BELL, fetch_diagnostics=True)
    await many.execute()
    for name in ("format_raw", "optimization_tket_two", "erado_default", "experimental_plain"):
        many.reconfigure(config=configs[name])
        await many.execute()
    many.reconfigure(program=BROKEN)
    await many.execute()
    many.reconfigure(program=ONE, config=None)
    await many.execute()

    failed_again = sdk.create_job(program=ONE)
    await failed_again.execute()
    failed_again.reconfigure(program=BROKEN)
    await failed_again.execute()

    refused_again = sdk.create_job(program=ONE)
    await refused_again.execute()
    refused_again.reconfigure(config=configs["experimental_noise"])
    await refused_again.execute()

    reconfigured = sdk.create_job(program=BELL, config=counts(repeats=50))
    await reconfigured.execute()
    reconfigured.reconfigure(program=ONE, config=configs["optimization_tket_default"])
    # the published SDK notes the result twice, and calls a job that had ended cancelled
    refreshed, cancelled = sdk.create_job(program=ONE), sdk.create_job(program=ONE)
    await asyncio.gather(refreshed.execute(), cancelled.execute())
    await asyncio.gather(refreshed.refresh(), cancelled.cancel())
    return {
        "several_runs": many,
        "refreshed_when_completed": refreshed,
        "cancelled_when_completed": cancelled,
        "failed_after_a_good_run": failed_again,
        "refused_after_a_good_run": refused_again,
        "reconfigured": reconfigured,
    }


async def _cancelled(slow):
    cancelled = slow.create_job(program=BELL, config=counts())
    again = slow.create_job(program=ONE)
    await again.execute()
    again.reconfigure(program=BELL)
    for job in (cancelled, again):
        await job.submit()
        await job.cancel()
    return {"cancelled": cancelled, "cancelled_after_a_good_run": again}


async def _composites(sdk, slow):
    ended = sdk.create_job(program=[BELL, BROKEN, ONE], config=[None, counts(), counts(30)])
    await ended.execute()
    again = sdk.create_job(program=[ONE, BELL], fetch_diagnostics=True)
    await again.execute()
    await again.execute()
    cancelled = slow.create_job(program=BELL)
    await cancelled.submit()
    await cancelled.cancel()
    mixed = sdk.create_job(program=[BELL, BROKEN])
    await mixed.execute()
    mixed.add([cancelled, sdk.create_job(program=ONE)])
    return {
        "composite_fresh": sdk.create_job(program=[BELL, ONE], config=[None, counts(30)]),
        "composite_of_one": sdk.create_job(program=[BELL]),
        "composite_ended": ended,
        "composite_run_twice": again,
        "composite_mixed": mixed,
    }


async def _in_flight(slow):
    running = slow.create_job(program=ONE)
    after_good, after_failed = slow.create_job(program=ONE), slow.create_job(program=BROKEN)
    await asyncio.gather(after_good.execute(), after_failed.execute())
    for job in (after_good, after_failed):
        job.reconfigure(program=BELL, config=counts(repeats=40))
    await running.submit()
    while running.state.value != "RUNNING":
        await asyncio.sleep(0.05)
        await running.refresh()
    submitted = slow.create_job(program=BELL)
    composite = slow.create_job(program=[ONE, BELL])
    for job in (submitted, after_good, after_failed, *composite.jobs):
        await job.submit()
    return {
        "running": running,
        "submitted": submitted,
        "submitted_after_a_good_run": after_good,
        "submitted_after_a_failed_run": after_failed,
        "composite_submitted": composite,
    }


peer.answer(asyncio.run(main(peer.orders())))
