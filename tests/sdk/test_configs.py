"""Configurations: what is sent, and their JSON form, written and read."""

from __future__ import annotations

import inspect
import json
import sys
import warnings
from enum import Enum, Flag
from typing import Any

import pytest
from compiler_config.config import (
    CalibrationArguments,
    CompilerConfig,
    ErrorMitigationConfig,
    InlineResultsProcessing,
    MetricsType,
    Qasm2Optimizations,
    Qasm3Optimizations,
    QIROptimizations,
    Qiskit,
    QuantumResultsFormat,
    ResultsFormatting,
    Tket,
    TketOptimizations,
)
from compiler_config.experimental.erado.config import (
    EradoConfig,
    ErasureModel,
    IdlingErrorConfig,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from oqc_notebook.sdk import ExperimentalConfig
from oqc_notebook.sdk.config_types import duplicate, same
from oqc_notebook.sdk.configs import (
    DEFAULT_SHOTS,
    config_from_text,
    config_to_text,
    shots_of,
    task_fields,
)
from oqc_notebook.sdk.errors import SnapshotError

PUBLISHED_TYPE = "<class 'oqc_qcaas_sdk.experimental_config.ExperimentalConfig'>"


def described(value: Any) -> Any:
    """Everything about a configuration, types and all, in a form that compares."""
    if isinstance(value, Enum):
        return (type(value), value.value)
    if isinstance(value, list | tuple):
        return (type(value), [described(item) for item in value])
    if isinstance(value, dict):
        return (dict, [(key, described(item)) for key, item in value.items()])
    if hasattr(value, "__dict__"):
        return (type(value), described(vars(value)))
    return (type(value), repr(value))


def flags(kind: type[Flag]) -> st.SearchStrategy[Any]:
    known = sum(member.value for member in kind)
    return st.integers(0, known).map(lambda bits: kind(bits & known))


def results_format(format_: Any, transforms: Any) -> QuantumResultsFormat:
    made = QuantumResultsFormat()
    made.format, made.transforms = format_, transforms
    return made


def qasm2(tket: Any) -> Qasm2Optimizations:
    made = Qasm2Optimizations()
    made.tket_optimizations = tket
    return made


numbers = st.none() | st.integers() | st.floats()
json_dicts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
).map(lambda value: {"model": value})
results_formats = st.builds(
    results_format,
    st.none() | flags(InlineResultsProcessing),
    st.none() | flags(ResultsFormatting),
)
optimizations = st.one_of(
    st.none(),
    flags(TketOptimizations).map(Tket),
    flags(TketOptimizations).map(qasm2),
    st.builds(Qiskit),
    st.builds(Qasm3Optimizations),
    st.builds(QIROptimizations),
)
compiler_settings = st.fixed_dictionaries(
    {},
    optional={
        "repeats": numbers,
        "repetition_period": numbers,
        "passive_reset_time": numbers,
        "results_format": st.none() | results_formats,
        "metrics": st.none() | flags(MetricsType),
        "active_calibrations": st.lists(st.builds(CalibrationArguments), max_size=2),
        "optimizations": optimizations,
        "error_mitigation": st.none() | flags(ErrorMitigationConfig),
        "post_selection": st.booleans(),
        "pre_selection": st.booleans(),
        "driven_reset": st.booleans(),
        "enable_debug_info": st.booleans(),
    },
)


def quietly(kind: Any, **settings_: Any) -> Any:
    """Make a configuration without the library's warnings about some of its settings."""
    with warnings.catch_warnings(action="ignore"):
        return kind(**settings_)


compiler_configs = compiler_settings.map(lambda x: quietly(CompilerConfig, **x))
experimental_configs = st.builds(
    lambda x, noise, bond, model: quietly(
        ExperimentalConfig, noise=noise, bond_dimension=bond, noise_model=model, **x
    ),
    compiler_settings,
    st.booleans(),
    st.none() | st.integers(),
    st.none() | json_dicts,
)
erado_configs = st.builds(
    EradoConfig,
    repeats=st.integers(),
    erasure_model=st.sampled_from(ErasureModel),
    erasure_rate=st.floats(),
    erasure_before_gates=st.booleans(),
    false_positive_rate=st.floats(0, 1),
    post_selection=st.booleans(),
    get_fidelities=st.booleans(),
    idling_error=st.none() | st.builds(IdlingErrorConfig, max_idle_length=st.integers()),
)
configs = compiler_configs | experimental_configs | erado_configs


def again(config: Any) -> Any:
    return config_from_text(*config_to_text(config))


# ---- the JSON form ----


@given(configs)
@settings(max_examples=150)
def test_every_configuration_comes_back_as_it_was(config: Any) -> None:
    assert described(again(config)) == described(config)


@given(compiler_configs | erado_configs)
def test_the_form_is_letter_by_letter_the_librarys(config: Any) -> None:
    assert config_to_text(config)[0] == config.to_json()


@given(experimental_configs)
def test_an_experimental_config_is_readable_as_a_compiler_config(config: Any) -> None:
    """That is how the published SDK reads it, after it took ``$external`` out."""
    text, kind = config_to_text(config)
    assert kind == "ExperimentalConfig"
    assert text == config.to_json()
    document = json.loads(text)
    document.pop("$external", None)
    library = CompilerConfig.create_from_json(json.dumps(document))
    assert described(library) == described(config.base_config)


@given(experimental_configs)
def test_the_published_sdks_experimental_configs_are_read(config: Any) -> None:
    document = json.loads(config.to_json())
    document["$type"] = PUBLISHED_TYPE
    read = ExperimentalConfig.create_from_json(json.dumps(document))
    assert described(read) == described(config)


def test_what_the_library_saved_long_ago_is_read() -> None:
    config = CompilerConfig(optimizations=Qasm2Optimizations(), metrics=MetricsType.Experimental)
    for module in ("scc.compiler.config", "qat.purr.compiler.config"):
        text = config.to_json().replace("compiler_config.config", module)
        assert described(config_from_text(text, None)) == described(config)


def test_flags_that_have_no_meaning_any_more_are_left_out_with_a_warning() -> None:
    document = json.loads(CompilerConfig().to_json())
    document["$data"]["metrics"]["$value"] = 2 + 1024
    with pytest.warns(UserWarning, match=r"MetricsType.*\(1024\)"):
        config = config_from_text(json.dumps(document), None)
    assert config.metrics is MetricsType.OptimizedCircuit


def test_settings_that_are_left_out_have_their_defaults() -> None:
    text = json.dumps({"$type": str(CompilerConfig), "$data": {"repeats": 7}})
    assert described(config_from_text(text, None)) == described(CompilerConfig(repeats=7))


def test_a_tuple_stays_a_tuple() -> None:
    config = CompilerConfig()
    config.active_calibrations = (1, "a", None)
    assert again(config).active_calibrations == (1, "a", None)


@given(configs)
def test_a_duplicate_is_the_same_and_shares_nothing(config: Any) -> None:
    copy = duplicate(config)
    assert described(copy) == described(config)
    assert same(copy, config)
    if not isinstance(config, EradoConfig):
        copy.results_format.raw().transforms = None
        copy.active_calibrations.append(5)
        assert not same(copy, config)
        assert 5 not in config.active_calibrations


@given(configs, configs)
def test_configurations_are_the_same_exactly_if_they_are_written_alike(
    one: Any, other: Any
) -> None:
    assert same(one, other) == (config_to_text(one) == config_to_text(other))


# ---- subclasses ----


class Tuned(CompilerConfig):  # type: ignore[misc]
    level = 1

    def __init__(self, **settings_: Any) -> None:
        super().__init__(**settings_)
        self.level = 3
        self.hints = {"a": [1, TketOptimizations.One]}

    @property
    def doubled(self) -> int:
        return 2 * self.level


class Noisy(ExperimentalConfig):
    pass


class Erased(EradoConfig):  # type: ignore[misc]
    pass


class Calibration(CalibrationArguments):  # type: ignore[misc]
    def __init__(self) -> None:
        self.width = 5


@pytest.mark.parametrize(
    "config",
    [
        Tuned(repeats=5),
        Noisy(noise_model={"a": 1}),
        Erased(repeats=3),
        CompilerConfig(active_calibrations=[Calibration()]),
    ],
)
def test_a_subclass_that_is_defined_here_comes_back(config: Any) -> None:
    assert described(again(config)) == described(config)


def test_a_class_that_was_defined_twice_comes_back_as_the_newest() -> None:
    def define() -> type[Any]:
        class Twice(CompilerConfig):  # type: ignore[misc]
            pass

        return Twice

    first, second = define(), define()
    assert type(again(first())) is type(again(second())) is second


def test_a_subclass_that_is_not_defined_here_becomes_its_base_with_a_warning() -> None:
    text, kind = config_to_text(Tuned(repeats=5))
    assert "Tuned" in text
    text = text.replace("Tuned", "Gone")
    with pytest.warns(UserWarning, match="Gone"):
        config = config_from_text(text, kind)
    assert type(config) is CompilerConfig
    assert config.repeats == 5
    assert config.level == 3


def test_no_module_is_imported_because_a_text_says_so() -> None:
    text = config_to_text(Tuned())[0].replace(f"{__name__}.Tuned", "this.Zen")
    with pytest.warns(UserWarning, match="this.Zen"):
        config_from_text(text, None)
    assert "this" not in sys.modules


def test_the_library_reads_a_subclass_as_its_base() -> None:
    text, _ = config_to_text(Tuned(repeats=5))
    assert described(CompilerConfig.create_from_json(text)) == described(CompilerConfig(repeats=5))


def test_a_subclass_without_its_bases_attributes_is_refused() -> None:
    config = Tuned()
    del config.metrics
    with pytest.raises(SnapshotError, match="'metrics'"):
        config_to_text(config)


def test_a_subclass_with_slots_is_refused_by_name() -> None:
    class Slotted(CompilerConfig):  # type: ignore[misc]
        __slots__ = ("depth",)

    config = Slotted(repeats=5)
    config.depth = 4
    with pytest.raises(SnapshotError, match="keeps depth in __slots__"):
        config_to_text(config)


# ---- what cannot be saved ----


def nested(levels: int) -> Any:
    value: Any = None
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("repeats", 1j),
        ("repeats", b"5"),
        ("metrics", {1, 2}),
        ("active_calibrations", [object()]),
        ("optimizations", {1: 2}),
        ("optimizations", {"$type": "list"}),
        ("deeply", nested(100_000)),
    ],
)
def test_what_the_form_cannot_hold_is_refused_by_name(place: str, value: Any) -> None:
    config = CompilerConfig()
    setattr(config, place, value)
    with pytest.raises(SnapshotError, match=place):
        config_to_text(config)


def test_what_is_saved_is_not_too_deep_to_be_read() -> None:
    config = CompilerConfig()
    config.repeats = nested(100)
    assert again(config).repeats == nested(100)
    config.repeats = nested(200)
    with pytest.raises(SnapshotError, match="deep"):
        config_to_text(config)


def test_what_is_no_configuration_is_refused() -> None:
    with pytest.raises(SnapshotError, match="str"):
        config_to_text("repeats=5")  # type: ignore[arg-type]


def test_a_noise_model_that_json_cannot_hold_is_refused_by_name() -> None:
    config = ExperimentalConfig(noise_model={"errors": [(1, 2)]})
    with pytest.raises(SnapshotError, match=r"external_config\['noise_model'\]\['errors'\]\[0\]"):
        config_to_text(config)


# ---- damaged and crafted texts ----


def text_with(**data: Any) -> str:
    document = json.loads(CompilerConfig().to_json())
    document["$data"].update(data)
    return json.dumps(document)


PLANTED = {"$type": str(QuantumResultsFormat), "$data": {"to_json": 1}}
POPEN = {"$type": "<class 'subprocess.Popen'>", "$data": "touch /tmp/x"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        "null",
        "{",
        "{}",
        '{"$type": 5}',
        '{"$type": null, "$data": {}}',
        json.dumps({"$type": str(CompilerConfig)}),
        json.dumps({"$type": str(CompilerConfig), "$data": []}),
        json.dumps({"$type": str(CompilerConfig), "$value": 5}),
        json.dumps(PLANTED),
        text_with(to_json=1),
        text_with(__class__="x"),
        text_with(__dict__={}),
        text_with(results_format=PLANTED),
        text_with(active_calibrations=[POPEN]),
        text_with(active_calibrations=[PLANTED]),
        text_with(metrics={"$type": "<enum 'compiler_config.config.MetricsType'>"}),
        text_with(metrics={"$type": "<enum 'compiler_config.config.MetricsType'>", "$value": []}),
        text_with(metrics={"$type": "<enum 'compiler_config.config.MetricsType'>", "$value": -1}),
        text_with(metrics={"$type": "<enum 'http.HTTPStatus'>", "$value": 200}),
        text_with(metrics={"$type": "<class 'tuple'>", "$data": 5}),
        text_with(metrics={"$type": "<class 'function'>", "$dataclass": True, "$data": {}}),
        EradoConfig().to_json(),
        CompilerConfig().to_json().replace("null", "[" * 200 + "]" * 200, 1),
        CompilerConfig().to_json().replace("null", "[" * 100_000 + "]" * 100_000, 1),
        CompilerConfig().to_json().replace("null", "9" * 5000, 1),
    ],
)
def test_a_damaged_or_crafted_configuration_is_a_snapshot_error(text: str) -> None:
    with pytest.raises(SnapshotError):
        config_from_text(text, "CompilerConfig")
    with pytest.raises(SnapshotError):
        config_from_text(text.replace("$data", "$other"), "EradoConfig")


@pytest.mark.parametrize("block", [5, [], {"data": 5}, {"data": []}])
def test_a_damaged_block_is_a_snapshot_error(block: Any) -> None:
    document = json.loads(CompilerConfig().to_json()) | {"$oqc_notebook": block}
    with pytest.raises(SnapshotError):
        config_from_text(json.dumps(document), None)


@pytest.mark.parametrize("name", ["to_json", "doubled", "__class__", "__init__", "a b", ""])
def test_a_block_hides_no_method_or_property(name: str) -> None:
    document = json.loads(config_to_text(Tuned())[0])
    document["$oqc_notebook"]["data"] = {name: "planted"}
    with pytest.raises(SnapshotError, match="to set"):
        config_from_text(json.dumps(document), None)


def test_a_class_that_cannot_be_made_is_a_snapshot_error() -> None:
    class Odd(CompilerConfig, dict):  # type: ignore[misc, type-arg]
        pass

    document = json.loads(CompilerConfig().to_json())
    document["$oqc_notebook"] = {"v": 1, "class": f"{__name__}.{Odd.__qualname__}"}
    with pytest.raises(SnapshotError, match="Odd"):
        config_from_text(json.dumps(document), None)


@pytest.mark.parametrize(
    "external", [5, [], {"noise_model": 5}, {"noise_model": []}, {"temperature": 1}]
)
def test_damaged_external_settings_are_a_snapshot_error(external: Any) -> None:
    document = json.loads(CompilerConfig().to_json()) | {"$external": external}
    with pytest.raises(SnapshotError):
        config_from_text(json.dumps(document), "ExperimentalConfig")


# ---- ExperimentalConfig ----


def test_the_published_signature_of_an_experimental_config() -> None:
    parameters = inspect.signature(ExperimentalConfig).parameters
    assert list(parameters) == ["noise", "bond_dimension", "noise_model", "compiler_kwargs"]
    config = ExperimentalConfig(noise=True, bond_dimension=8, noise_model={"p": 0.1}, repeats=9)
    assert config.repeats == 9
    assert config.external_config == {
        "noise_enabled": True,
        "bond_dimension": 8,
        "noise_model": {"p": 0.1},
    }
    assert described(config.base_config) == described(CompilerConfig(repeats=9))
    assert ExperimentalConfig().external_config == {}


@pytest.mark.parametrize("noise_model", ["a model", [1], 5, object()])
def test_a_noise_model_that_is_no_dict_is_a_type_error(noise_model: Any) -> None:
    with pytest.raises(TypeError, match="noise_model"):
        ExperimentalConfig(noise_model=noise_model)


# ---- what is sent ----


def test_without_a_configuration_binary_counts_of_1000_shots_are_asked_for() -> None:
    fields = task_fields(None)
    config = CompilerConfig.create_from_json(fields["config"])
    assert config.repeats == DEFAULT_SHOTS == 1000
    assert config.results_format == QuantumResultsFormat().binary_count()
    assert list(fields) == ["config"]


@given(compiler_configs | erado_configs)
def test_the_librarys_own_text_is_sent(config: Any) -> None:
    assert task_fields(config) == {"config": config.to_json()}


def test_an_experimental_config_is_sent_with_its_external_settings_beside_it() -> None:
    config = ExperimentalConfig(noise=True, noise_model={"p": 0.1}, repeats=5)
    assert task_fields(config) == {
        "config": CompilerConfig(repeats=5).to_json(),
        "external_config": {"noise_enabled": True, "noise_model": {"p": 0.1}},
    }
    assert "external_config" not in task_fields(ExperimentalConfig())


def test_of_a_subclass_what_its_base_has_is_sent() -> None:
    assert task_fields(Tuned(repeats=5)) == task_fields(CompilerConfig(repeats=5))
    assert task_fields(Erased(repeats=5)) == task_fields(EradoConfig(repeats=5))


def test_the_noise_of_another_class_with_external_settings_is_sent_too() -> None:
    class Foreign(CompilerConfig):  # type: ignore[misc]
        external_config = {"noise_enabled": True}  # noqa: RUF012 - like an instance's

    assert task_fields(Foreign())["external_config"] == {"noise_enabled": True}


@pytest.mark.parametrize("odd", [float("nan"), (1, 2), {5: 6}, b"x"])
def test_external_settings_that_json_cannot_hold_are_not_sent(odd: Any) -> None:
    with pytest.raises(ValueError, match=r"external_config\['noise_model'\]\['odd'\]"):
        task_fields(ExperimentalConfig(noise_model={"odd": odd}))


def test_the_shots_of_a_configuration() -> None:
    assert shots_of(None) == shots_of(CompilerConfig()) == 1000
    assert shots_of(CompilerConfig(repeats=5)) == 5
    assert shots_of(EradoConfig(repeats=7)) == 7
