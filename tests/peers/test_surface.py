"""Every public name of the published SDK is here, and is called in the same way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.peers.running import Sdk

pytestmark = pytest.mark.peers

Surface = dict[str, Any]

#: Described there as internal, and of no use outside it.
LEFT_OUT = {"OqcSdk": {"RETRYABLE_POLL_EXCEPTIONS", "is_retryable_error"}}

CLASSES = (
    *("OqcSdk", "Job", "CompositeJob", "JobOutputProxy", "JobResult", "JobError"),
    *("JobSnapshot", "CompositeJobSnapshot", "ExperimentalConfig", "JobFailed"),
)
NO_DEFAULT = "none given"


@pytest.fixture(scope="module")
def published(theirs: Sdk) -> Surface:
    return theirs.run("dump_surface", proxy="oqc_qcaas_sdk.job_output_proxy")


@pytest.fixture(scope="module")
def here(ours: Sdk) -> Surface:
    return ours.run("dump_surface", proxy="oqc_notebook.sdk.proxy")


def test_all_names_of_the_package_are_here(published: Surface, here: Surface) -> None:
    assert set(published["exports"]) <= set(here["exports"])


@pytest.mark.parametrize("name", ["JobState", "Endianness", "AttrPolicy"])
def test_enumerations_have_the_same_members(name: str, published: Surface, here: Surface) -> None:
    assert here["enums"][name] == published["enums"][name]


def test_what_classes_are_is_the_same(published: Surface, here: Surface) -> None:
    assert here["states"] == published["states"]
    assert here["bases"] == published["bases"]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_every_published_member(name: str, published: Surface, here: Surface) -> None:
    expected = published["members"][name].keys() - LEFT_OUT.get(name, set())
    assert expected - here["members"][name].keys() == set()


def test_what_is_left_out_is_published(published: Surface) -> None:
    for name, left_out in LEFT_OUT.items():
        assert left_out <= published["members"][name].keys()


@pytest.mark.parametrize("name", CLASSES)
def test_members_are_used_in_the_same_way(name: str, published: Surface, here: Surface) -> None:
    for member, expected in published["members"][name].items():
        if member in LEFT_OUT.get(name, set()):
            continue
        found = here["members"][name][member]
        what = f"{name}.{member}"
        if "parameters" in expected:
            assert found["kind"] == expected["kind"], what
            assert found["of_class"] is expected["of_class"], what
            check_call(what, expected["parameters"], found["parameters"])
        else:
            assert found["kind"] not in ("method", "coroutine"), what
            # what can be set there can be set here
            assert expected["kind"] == "property" or found["kind"] != "property", what


@pytest.mark.parametrize("name", [name for name in CLASSES if "Snapshot" not in name])
def test_objects_are_made_in_the_same_way(name: str, published: Surface, here: Surface) -> None:
    check_call(name, published["constructors"][name], here["constructors"][name])


def test_functions_are_called_in_the_same_way(published: Surface, here: Surface) -> None:
    for name, parameters in published["functions"].items():
        check_call(name, parameters, here["functions"][name])


def check_call(what: str, published: list[dict[str, str]], here: list[dict[str, str]]) -> None:
    """Check that every call that fits the published parameters fits ours and means the same."""
    ours = {parameter["name"]: parameter for parameter in here}
    for position, expected in enumerate(published):
        label = f"{what}({expected['name']})"
        assert expected["name"] in ours, label
        found = ours.pop(expected["name"])
        if expected["kind"] == "POSITIONAL_OR_KEYWORD":
            assert here[position]["name"] == expected["name"], label
        if expected["kind"] == "KEYWORD_ONLY":
            assert found["kind"] in ("KEYWORD_ONLY", "POSITIONAL_OR_KEYWORD"), label
        else:
            assert found["kind"] == expected["kind"], label
        assert found["default"] == expected["default"], label
    for extra in ours.values():
        optional = extra["default"] != NO_DEFAULT or extra["kind"].startswith("VAR_")
        assert optional, f"{what}({extra['name']}) is needed here only"
