"""Dump the public names of an SDK: what each is, and how it is called.

Orders: ``sdk`` (the module) and ``proxy``, the module where ``AttrPolicy`` is.
"""

import enum
import inspect
from importlib import import_module

import peer


def main(orders):
    """Dump the package, and an object of each kind that users meet."""
    package = import_module(orders["sdk"])
    sdk = package.OqcSdk("http://127.0.0.1:9", "token")
    job = sdk.create_job(program="OPENQASM 2.0;", qpu_id="qpu:1")
    composite = sdk.create_job(program=["OPENQASM 2.0;"], qpu_id="qpu:1")
    proxy = type(job.outputs)
    outputs = {"JobResult": _saved_output(package, sdk, "result")}
    outputs["JobError"] = _saved_output(package, sdk, "error")
    objects = {
        "OqcSdk": sdk,
        "Job": job,
        "CompositeJob": composite,
        "JobOutputProxy": job.outputs,
        **outputs,
        "JobSnapshot": job.to_snapshot(),
        "CompositeJobSnapshot": composite.to_snapshot(),
        "ExperimentalConfig": package.ExperimentalConfig(),
        "JobFailed": package.JobFailed("task", "qpu", 1, "details"),
    }
    constructors = {name: type(each) for name, each in objects.items() if "Snapshot" not in name}
    return {
        "exports": [
            name
            for name in dir(package)
            if not name.startswith("_") and not inspect.ismodule(getattr(package, name))
        ],
        "members": {name: _members(each) for name, each in objects.items()},
        "constructors": {name: _parameters(each) for name, each in constructors.items()},
        "functions": {"bits": _parameters(package.bits)},
        "enums": {
            each.__name__: [member.name for member in each]
            for each in (
                package.JobState,
                package.Endianness,
                import_module(orders["proxy"]).AttrPolicy,
            )
        },
        "states": [state.value for state in package.JobState],
        "bases": {
            "proxy_is_a_sequence": hasattr(proxy, "__getitem__") and hasattr(proxy, "__len__"),
            "state_is_text": issubclass(package.JobState, str),
            "failure_is_an_exception": issubclass(package.JobFailed, Exception),
            "job_is_job_like": isinstance(job, package.JobLike),
            "composite_is_job_like": isinstance(composite, package.JobLike),
        },
    }


def _saved_output(package, sdk, kind):
    own = {"data": {}} if kind == "result" else {"error_code": 1, "error_message": "no"}
    snapshot = package.JobSnapshot.model_validate(
        {"program": "", "qpu_id": "qpu:1", "history": [{"kind": kind, **own}]}
    )
    return sdk.from_snapshot(snapshot).history.first


def _members(each):
    names = [name for name in dir(each) if not name.startswith("_")]
    return {name: _member(each, name) for name in names if not _is_of_pydantic(each, name)}


def _is_of_pydantic(each, name):
    fields = getattr(type(each), "model_fields", None)
    return fields is not None and name not in fields


def _member(each, name):
    found = inspect.getattr_static(each, name)
    if isinstance(found, property):
        return {"kind": "settable property" if found.fset else "property"}
    if isinstance(found, classmethod | staticmethod) or inspect.isfunction(found):
        bound = getattr(each, name)
        return {
            "kind": "coroutine" if inspect.iscoroutinefunction(bound) else "method",
            "of_class": isinstance(found, classmethod | staticmethod),
            "parameters": _parameters(bound),
        }
    return {"kind": "value"}


def _parameters(called):
    return [
        {
            "name": parameter.name,
            "kind": parameter.kind.name,
            "default": _default(parameter.default),
        }
        for parameter in inspect.signature(called).parameters.values()
        if not parameter.name.startswith("_")
    ]


def _default(value):
    if value is inspect.Parameter.empty:
        return "none given"
    return f"{type(value).__name__}.{value.name}" if isinstance(value, enum.Enum) else repr(value)


peer.answer(main(peer.orders()))
