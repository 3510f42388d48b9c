"""Load every file of a folder and describe what came out; nothing is asked of a server.

Orders: ``sdk`` (the module), ``folder``, and ``save_to``, another folder, where each is saved again
under its name. Files named ``NAME.model.json`` are read through the snapshot models.
"""

import json
from importlib import import_module
from pathlib import Path

import peer
from describe import describe


def main(orders):
    """Load the files."""
    package = import_module(orders["sdk"])
    sdk = package.OqcSdk("http://127.0.0.1:9")
    described = {}
    for path in sorted(Path(orders["folder"]).glob("*.json")):
        if path.name.endswith(".model.json"):
            text = path.read_text(encoding="utf-8")
            single = json.loads(text)["snapshot_kind"] == "job"
            model = package.JobSnapshot if single else package.CompositeJobSnapshot
            job = sdk.from_snapshot(model.model_validate_json(text))
        else:
            job = sdk.load(path)
        described[path.name] = describe(job)
        job.save(Path(orders["save_to"]) / path.name)
    return described


peer.answer(main(peer.orders()))
