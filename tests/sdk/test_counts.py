"""Counts as scipp arrays, and the order of bits."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oqc_notebook.sdk import Endianness, bits
from oqc_notebook.sdk.counts import filter_counts_dataarray, results_to_counts_dataarray
from oqc_notebook.sdk.outputs import JobError, JobResult
from oqc_notebook.sdk.proxy import JobOutputProxy

needs_scipp = pytest.mark.skipif(
    importlib.util.find_spec("scipp") is None, reason="needs the extra scipp"
)


def results(*registers: Any) -> list[JobResult]:
    return [JobResult({"c": register}) for register in registers]


def table(da: Any) -> dict[str, list[int]]:
    """The counts of each label, a list over the results."""
    labels = [str(label) for label in da.coords["bitstring"].values]
    return {label: [int(x) for x in da.values[:, i]] for i, label in enumerate(labels)}


# ---- the array ----


@needs_scipp
def test_an_array_has_a_row_for_each_result_and_a_column_for_each_bitstring() -> None:
    import scipp as sc

    da = results_to_counts_dataarray(results({"10": 3, "00": 5}, {"11": 7}), "c")
    expected = sc.DataArray(
        data=sc.array(dims=["result", "bit"], values=[[5, 3, 0], [0, 0, 7]], unit=None),
        coords={
            "result": sc.array(dims=["result"], values=[0, 1], unit=None),
            "bit": sc.array(dims=["bit"], values=[0, 2, 3], unit=None),
            "bitstring": sc.array(dims=["bit"], values=["00", "10", "11"]),
        },
    )
    expected.coords["bitstring"].unit = None
    assert sc.identical(da, expected)
    assert da.dims == ("result", "bit")


@needs_scipp
def test_columns_are_in_the_order_of_the_numbers_that_the_service_sends() -> None:
    da = results_to_counts_dataarray(results({"110": 1, "001": 2, "011": 3}), "c")
    assert [int(x) for x in da.coords["bit"].values] == [1, 3, 6]
    little = results_to_counts_dataarray(
        results({"110": 1, "001": 2, "011": 3}), "c", Endianness.LITTLE
    )
    assert [int(x) for x in little.coords["bit"].values] == [1, 3, 6]
    assert list(table(little)) == ["100", "110", "011"]


registers = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.dictionaries(
            st.text("01", min_size=width, max_size=width), st.integers(0, 10**6), max_size=8
        ),
        min_size=1,
        max_size=4,
    )
)


@needs_scipp
@given(registers, st.sampled_from(Endianness))
@settings(max_examples=60, deadline=None)
def test_every_count_is_in_the_array(rows: list[dict[str, int]], endianness: Endianness) -> None:
    seen = {bitstring for row in rows for bitstring in row}
    if not seen:
        with pytest.raises(KeyError):
            results_to_counts_dataarray(results(*rows), "c", endianness)
        return
    da = results_to_counts_dataarray(results(*rows), "c", endianness)
    written = {
        bitstring if endianness is Endianness.BIG else bitstring[::-1]: [
            row.get(bitstring, 0) for row in rows
        ]
        for bitstring in seen
    }
    assert table(da) == written
    # the index of a bitstring finds its column, whichever way it is written
    for label, counts in written.items():
        column = da["bit", bits(label, endianness)]
        assert [int(x) for x in column.values] == counts


@needs_scipp
def test_counts_as_large_as_64_bits_hold_are_exact() -> None:
    assert table(results_to_counts_dataarray(results({"0": 2**63 - 1}), "c")) == {"0": [2**63 - 1]}


@needs_scipp
def test_registers_up_to_63_bits_have_a_column() -> None:
    da = results_to_counts_dataarray(results({"1" * 63: 1}), "c")
    assert int(da.coords["bit"].values[0]) == 2**63 - 1


@needs_scipp
def test_wider_registers_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'c'.*63"):
        results_to_counts_dataarray(results({"1" * 64: 1}), "c")
    with pytest.raises(ValueError, match="63 bits"):
        bits("1" * 64)
    da = results_to_counts_dataarray(results({"0" * 60 + "1" * 10: 5}), "c")
    assert int(da["bit", bits("0" * 60 + "1" * 10)].values[0]) == 5


@needs_scipp
def test_counts_that_are_no_whole_numbers_stay_as_they_are() -> None:
    da = results_to_counts_dataarray(results({"0": 0.25, "1": 0.75}), "c")
    assert da.values.tolist() == [[0.25, 0.75]]
    assert filter_counts_dataarray(da, "1").values.tolist() == [[0.75]]


# ---- lengths ----


@needs_scipp
def test_bitstrings_of_different_lengths_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'c'.*\[1, 3\].*pad"):
        results_to_counts_dataarray(results({"1": 1, "011": 2}), "c")
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        results_to_counts_dataarray(results({"1": 1}, {"11": 2}), "c")


@needs_scipp
def test_padding_fills_with_zeros_on_the_left_and_adds_what_falls_together() -> None:
    da = results_to_counts_dataarray(
        results({"1": 1, "01": 2, "10": 4}, {"001": 8}), "c", on_length_mismatch="pad"
    )
    assert table(da) == {"001": [3, 8], "010": [4, 0]}
    little = results_to_counts_dataarray(
        results({"1": 1, "10": 4}), "c", Endianness.LITTLE, on_length_mismatch="pad"
    )
    assert table(little) == {"10": [1], "01": [4]}


def test_another_way_with_lengths_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="'ignore'"):
        results_to_counts_dataarray(results({"0": 1}), "c", on_length_mismatch="ignore")  # type: ignore[arg-type]


# ---- what has no counts ----


def test_no_results_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="no result"):
        results_to_counts_dataarray([], "c")


@pytest.mark.parametrize("data", [{}, {"d": {"0": 1}}, {"c": {}}, [1], "01", None])
def test_a_register_that_no_result_has_is_a_key_error(data: Any) -> None:
    with pytest.raises(KeyError, match="'c'"):
        results_to_counts_dataarray([JobResult(data)], "c")


@pytest.mark.parametrize("register", [[0, 1], "01", [[0.9, -1.0]], 5, None])
def test_a_register_of_another_format_is_a_value_error_that_says_what_to_do(register: Any) -> None:
    with pytest.raises(ValueError, match=r"'c'.*binary_count"):
        results_to_counts_dataarray([JobResult({"c": register})], "c")


@needs_scipp
def test_a_result_without_the_register_is_a_row_of_zeros() -> None:
    da = results_to_counts_dataarray([JobResult({"d": {"1": 1}}), *results({"1": 5})], "c")
    assert table(da) == {"1": [0, 5]}


# ---- bits ----


@needs_scipp
def test_the_index_of_a_bitstring_is_that_of_the_services_order() -> None:
    assert bits("011").value == bits("110", Endianness.LITTLE).value == 3
    assert bits("0").value == 0
    assert bits("100", endianness=Endianness.LITTLE).value == 1
    assert bits("011").unit is None
    assert bits("011").dims == ()


@pytest.mark.parametrize("text", ["", "012", "0 1", "0b1", "-1", "1_0", "٠١"])
def test_what_is_no_bitstring_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="bitstring"):
        bits(text)


# ---- patterns ----


@needs_scipp
@given(st.text("01*", min_size=4, max_size=4), st.sampled_from(Endianness))
@settings(max_examples=40, deadline=None)
def test_a_pattern_keeps_exactly_the_columns_that_match(
    pattern: str, endianness: Endianness
) -> None:
    every = {format(i, "04b"): i for i in range(16)}
    da = results_to_counts_dataarray(results(every, {"0000": 99}), "c", endianness)
    kept = filter_counts_dataarray(da, pattern)
    matching = {
        label: counts
        for label, counts in table(da).items()
        if all(p == "*" or p == bit for p, bit in zip(pattern, label, strict=True))
    }
    assert table(kept) == matching
    assert kept.dims == ("result", "bit")
    assert [int(x) for x in kept.coords["bit"].values] == [
        int(label if endianness is Endianness.BIG else label[::-1], 2) for label in matching
    ]


@needs_scipp
def test_a_pattern_that_nothing_matches_keeps_the_rows() -> None:
    da = results_to_counts_dataarray(results({"00": 1}, {"01": 2}), "c")
    kept = filter_counts_dataarray(da, "11")
    assert kept.shape == (2, 0)
    assert kept.coords["bitstring"].shape == (0,)
    assert filter_counts_dataarray(kept, "1").shape == (2, 0)


@needs_scipp
@pytest.mark.parametrize("pattern", ["", "0", "000", "0?", "0 "])
def test_a_pattern_that_cannot_match_is_a_value_error(pattern: str) -> None:
    da = results_to_counts_dataarray(results({"00": 1}), "c")
    with pytest.raises(ValueError, match="pattern"):
        filter_counts_dataarray(da, pattern)


# ---- on outputs ----


@needs_scipp
def test_outputs_give_their_counts_and_leave_out_errors_with_a_warning() -> None:
    outputs = JobOutputProxy([*results({"01": 1}), JobError(5, "no"), *results({"11": 2})])
    with pytest.warns(UserWarning, match="1 of 3"):
        da = outputs.to_counts_dataarray("c")
    assert table(da) == {"01": [1, 0], "11": [0, 2]}
    with pytest.warns(UserWarning, match="1 of 3"):
        liked = outputs.like("1*", "c")
    assert table(liked) == {"11": [0, 2]}
    with pytest.warns(UserWarning, match="1 of 3"):
        little = outputs.like("1*", "c", Endianness.LITTLE)
    assert table(little) == {"10": [1, 0], "11": [0, 2]}


@needs_scipp
def test_a_result_gives_its_own_counts() -> None:
    assert table(JobResult({"c": {"01": 1}}).to_counts_dataarray("c")) == {"01": [1]}
    little = JobResult({"c": {"01": 1}}).to_counts_dataarray("c", Endianness.LITTLE)
    assert table(little) == {"10": [1]}


def test_outputs_without_a_result_are_a_value_error() -> None:
    with pytest.warns(UserWarning, match="1 of 1"), pytest.raises(ValueError, match="errors"):
        JobOutputProxy(JobError(5, "no")).to_counts_dataarray("c")


def test_without_scipp_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipp", None)
    with pytest.raises(ImportError, match=r"oqc-notebook\[scipp\]"):
        bits("01")
    with pytest.raises(ImportError, match=r"oqc-notebook\[scipp\]"):
        results_to_counts_dataarray(results({"01": 1}), "c")


def test_the_endiannesses_are_the_published_ones() -> None:
    assert {kind.name: kind.value for kind in Endianness} == {"BIG": "big", "LITTLE": "little"}
