"""The reader of configurations, on what compiler_config writes and on what it would never write."""

from __future__ import annotations

import json
import warnings

import pytest
from compiler_config.config import (
    CompilerConfig,
    MetricsType,
    QuantumResultsFormat,
    Tket,
    TketOptimizations,
)
from compiler_config.experimental.erado.config import EradoConfig
from hypothesis import given
from hypothesis import strategies as st

from oqc_notebook.local.configs import ConfigError, RunConfig, read_config
from oqc_notebook.local.results import Register, format_results

COMPILER_CONFIG = "<class 'compiler_config.config.CompilerConfig'>"


def read(text):
    return read_config(text, 100_000)


def document(type_=COMPILER_CONFIG, **data):
    return json.dumps({"$type": type_, "$data": data})


def test_without_a_config():
    assert read(None) == RunConfig(shots=1000, results_format="binary_count")


@pytest.mark.parametrize(
    ("results_format", "name"),
    [
        (None, "binary"),
        (QuantumResultsFormat(), "binary"),
        (QuantumResultsFormat().raw(), "raw"),
        (QuantumResultsFormat().binary(), "binary"),
        (QuantumResultsFormat().binary_count(), "binary_count"),
        (QuantumResultsFormat().squash_binary_result_arrays(), "squash"),
    ],
)
def test_what_compiler_config_writes(results_format, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = CompilerConfig(
            repeats=7,
            repetition_period=1e-4,
            results_format=results_format,
            metrics=MetricsType.Default,
            optimizations=Tket(TketOptimizations.Two),
        )
    text = config.to_json()
    assert read(text) == RunConfig(shots=7, results_format=name)
    for old in ("scc.compiler.config", "qat.purr.compiler.config"):
        assert read(text.replace("compiler_config.config", old)).shots == 7


def test_erado_config():
    config = read(EradoConfig(repeats=12).to_json())
    assert config.shots == 12
    assert config.results_format == "binary_count"
    assert config.warning is not None
    assert config.warning.startswith("Warning")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "object"),
        ("{}", "$data"),
        (document(type_="<class 'subprocess.Popen'>"), "subprocess.Popen"),
        (document(type_="<class 'evil.CompilerConfig'>"), "evil"),
        (document(type_=None), "null"),
        (json.dumps({"$type": COMPILER_CONFIG, "$data": []}), "$data"),
        (document(repeats="lots"), '"lots"'),
        (document(repeats=-5), "-5"),
        (document(repeats=100_001), "100001"),
        (document(repeats=True), "true"),
        (document(repeats=10.0), "10.0"),
        (document(repeats=float("nan")), "NaN"),
        (document(repetition_period="x"), "repetition_period"),
        (document(passive_reset_time=-1), "passive_reset_time"),
        (document(passive_reset_time=float("inf")), "passive_reset_time"),
        (document(results_format="raw"), "results_format"),
        (document(results_format={"$data": {"format": 1}}), "results_format.format"),
        (document(results_format={"$data": {"format": {"$value": -1}}}), "results_format.format"),
        (document(results_format={"$data": {"format": {"$value": 3}}}), "at once"),
        (EradoConfig(erasure_rate=2).to_json(), "erasure_rate"),
    ],
)
def test_refusals(text, said):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 250


@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_breaks_the_reader(text):
    with pytest.raises(ConfigError):
        read(text)


def test_formats_of_registers_that_share_bits():
    registers = [Register("a", [2, 0]), Register("b", [1])]
    counts = {0b100: 3, 0b101: 1, 0b010: 2}
    assert format_results("binary_count", registers, counts, []) == {
        "a": {"10": 3, "11": 1, "00": 2},
        "b": {"0": 4, "1": 2},
    }
    assert format_results("binary", registers, counts, []) == {"a": [1, 0], "b": [0]}
    assert format_results("squash", registers, counts, []) == {"a": "10", "b": "0"}
    raw = format_results("raw", registers, counts, [0b100, 0b001])
    assert raw == {"a": [[-1.0, 1.0], [1.0, -1.0]], "b": [[1.0, 1.0]]}
