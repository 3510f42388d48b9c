"""The client library: jobs on OQC's quantum computers, saved and restored.

Names and behaviour are those of the published ``oqc_qcaas_sdk``: a program changes
one import. Each name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compiler_config.experimental.erado.config import (
        EradoConfig,
        ErasureModel,
        IdlingErrorConfig,
    )

    from oqc_notebook.sdk.client import OqcSdk
    from oqc_notebook.sdk.composite import CompositeJob
    from oqc_notebook.sdk.configs import ExperimentalConfig
    from oqc_notebook.sdk.counts import Endianness, bits
    from oqc_notebook.sdk.errors import JobFailed
    from oqc_notebook.sdk.job import Job
    from oqc_notebook.sdk.job_like import JobLike
    from oqc_notebook.sdk.job_snapshot import CompositeJobSnapshot, JobSnapshot
    from oqc_notebook.sdk.states import JobState

__all__ = [
    "CompositeJob",
    "CompositeJobSnapshot",
    "Endianness",
    "EradoConfig",
    "ErasureModel",
    "ExperimentalConfig",
    "IdlingErrorConfig",
    "Job",
    "JobFailed",
    "JobLike",
    "JobSnapshot",
    "JobState",
    "OqcSdk",
    "bits",
]

_ERADO = "compiler_config.experimental.erado.config"
_HOME_OF = {
    "CompositeJob": "oqc_notebook.sdk.composite",
    "CompositeJobSnapshot": "oqc_notebook.sdk.job_snapshot",
    "Endianness": "oqc_notebook.sdk.counts",
    "EradoConfig": _ERADO,
    "ErasureModel": _ERADO,
    "ExperimentalConfig": "oqc_notebook.sdk.configs",
    "IdlingErrorConfig": _ERADO,
    "Job": "oqc_notebook.sdk.job",
    "JobFailed": "oqc_notebook.sdk.errors",
    "JobLike": "oqc_notebook.sdk.job_like",
    "JobSnapshot": "oqc_notebook.sdk.job_snapshot",
    "JobState": "oqc_notebook.sdk.states",
    "OqcSdk": "oqc_notebook.sdk.client",
    "bits": "oqc_notebook.sdk.counts",
}


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(importlib.import_module(_HOME_OF[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
