"""Run the scenario of one promise: ``python -m tests.peers.promises.run``, with orders on stdin.

Orders: ``sdk`` (the module), ``promise``, and the fields of the scenario's ``world``.
"""

import asyncio
from importlib import import_module

from tests.peers.promises.registry import PROMISES, World
from tests.peers.scripts import peer

for group in ("stale", "runs", "waiting", "snapshots", "files"):  # the order of the table
    import_module(f"tests.peers.promises.{group}")


def main():
    """Answer with what broke the promise, or null."""
    orders = peer.orders()
    module = import_module(orders["sdk"])
    scenario = PROMISES[orders["promise"]].scenario
    try:
        asyncio.run(scenario(module, World(module, **orders["world"])))
    except Exception as exc:  # whatever it is, it breaks the promise
        peer.answer(f"{type(exc).__name__}: {exc}")
    else:
        peer.answer(None)


if __name__ == "__main__":
    main()
