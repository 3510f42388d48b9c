"""Load files and execute the jobs in them: what is in flight is waited for, the rest runs anew.

Orders: ``sdk`` (the module), ``url`` and ``token`` of a local QPU, the ``folder``, and the
``names`` of the jobs. Each is described as it was loaded (``before``) and as it ended (``after``).
"""

import asyncio
from importlib import import_module
from pathlib import Path

import peer
from describe import describe


async def main(orders):
    """Run them all at once."""
    package = import_module(orders["sdk"])
    folder = Path(orders["folder"])
    async with package.OqcSdk(orders["url"], orders["token"]) as sdk:
        jobs = {name: sdk.load(folder / f"{name}.json") for name in orders["names"]}
        before = {name: describe(job) for name, job in jobs.items()}
        await asyncio.gather(*(job.execute(timeout_s=60) for job in jobs.values()))
        return {
            name: {"before": before[name], "after": describe(job)} for name, job in jobs.items()
        }


peer.answer(asyncio.run(main(peer.orders())))
