"""Configurations of every kind that a job can have."""

import warnings

from compiler_config.config import (
    CalibrationArguments,
    CompilerConfig,
    ErrorMitigationConfig,
    MetricsType,
    OptimizationConfig,
    Qasm2Optimizations,
    Qasm3Optimizations,
    QIROptimizations,
    Qiskit,
    QuantumResultsFormat,
    Tket,
    TketOptimizations,
)
from compiler_config.experimental.erado.config import EradoConfig, ErasureModel, IdlingErrorConfig


def counts(repeats=100, **settings):
    """Make a configuration that asks for binary counts."""
    return CompilerConfig(
        repeats=repeats, results_format=QuantumResultsFormat().binary_count(), **settings
    )


def every_setting():
    """Give a value other than the default for every setting of the compiler."""
    return {
        "repeats": 100,
        "repetition_period": 1e-4,
        "passive_reset_time": 2.5e-4,
        "results_format": QuantumResultsFormat().binary_count(),
        "metrics": MetricsType.Experimental,
        "active_calibrations": [CalibrationArguments()],
        "optimizations": Tket(TketOptimizations.CliffordSimp | TketOptimizations.RemoveBarriers),
        "error_mitigation": ErrorMitigationConfig.LinearMitigation,
        "pre_selection": True,
        "post_selection": True,
        "driven_reset": True,
        "enable_debug_info": True,
    }


def all_configs(experimental_config):
    """Give the configurations by name; `experimental_config` is the SDK's class."""
    optimizations = {
        "base": OptimizationConfig(),
        "tket_empty": Tket(),
        "tket_default": Tket().default(),
        "tket_minimum": Tket().minimum(),
        "tket_two": Tket(TketOptimizations.Two),
        "qiskit": Qiskit().default(),
        "qasm2": Qasm2Optimizations(),
        "qasm3": Qasm3Optimizations(),
        "qir": QIROptimizations(),
    }
    configs = {
        "default": CompilerConfig(),
        "format_binary": CompilerConfig(results_format=QuantumResultsFormat().binary()),
        "format_binary_count": counts(),
        "format_raw": CompilerConfig(20, results_format=QuantumResultsFormat().raw()),
        "format_squash": CompilerConfig(
            20, results_format=QuantumResultsFormat().squash_binary_result_arrays()
        ),
        "erado_default": EradoConfig(),
        "erado_every_setting": EradoConfig(
            repeats=50,
            erasure_model=ErasureModel.TRANSPILER_PASS,
            erasure_rate=0.25,
            erasure_before_gates=True,
            false_positive_rate=0.125,
            false_negative_rate=0.0625,
            post_selection=True,
            get_fidelities=True,
            idling_error=IdlingErrorConfig(max_idle_length=7, idle_gate="x"),
        ),
        "experimental_plain": experimental_config(repeats=100),
        "experimental_noise": experimental_config(noise=True, bond_dimension=32, repeats=100),
    }
    with warnings.catch_warnings():  # some settings are deprecated, or exclude each other
        warnings.simplefilter("ignore")
        configs["every_setting"] = CompilerConfig(**every_setting())
        configs["experimental_every_setting"] = experimental_config(
            noise=True, bond_dimension=16, **every_setting()
        )
    for name, optimization in optimizations.items():
        configs[f"optimization_{name}"] = counts(optimizations=optimization)
    return configs
