"""Configurations: ``compiler-config``'s own, and the ones with a backend's extra settings."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from compiler_config.config import CompilerConfig, QuantumResultsFormat
from compiler_config.experimental.erado.config import EradoConfig

from oqc_notebook.sdk.config_json import object_node, object_of, parsed, text_of
from oqc_notebook.sdk.errors import SnapshotError
from oqc_notebook.sdk.json_values import NonFinite, copied, spelled

if TYPE_CHECKING:
    from oqc_notebook.sdk.job_snapshot import ConfigType

#: The shots of a job without a configuration.
DEFAULT_SHOTS = 1000

#: The attributes that an ExperimentalConfig has beside those of a CompilerConfig.
_EXTERNAL_ATTRIBUTES = frozenset({"noise", "bond_dimension", "noise_model"})
_EXTERNAL_KEYS = frozenset({"noise_enabled", "bond_dimension", "noise_model"})
_PUBLISHED_EXPERIMENTAL = "<class 'oqc_qcaas_sdk.experimental_config.ExperimentalConfig'>"


class ExperimentalConfig(CompilerConfig):  # type: ignore[misc]  # its base has no types
    """A compiler configuration with the settings of a simulator behind the service.

    Parameters
    ----------
    noise
        Whether to simulate noise.
    bond_dimension
        Bond dimension of a tensor-network simulator.
    noise_model
        A noise model in the form of a dict that JSON can hold.
    **compiler_kwargs
        The parameters of :class:`compiler_config.config.CompilerConfig`.

    Raises
    ------
    TypeError
        If the noise model is anything but a dict; it is never dropped.
    """

    def __init__(
        self,
        *,
        noise: bool = False,
        bond_dimension: int | None = None,
        noise_model: dict[str, Any] | None = None,
        **compiler_kwargs: Any,
    ) -> None:
        super().__init__(**compiler_kwargs)
        if noise_model is not None and not isinstance(noise_model, dict):
            raise TypeError(
                f"noise_model is a dict, not {type(noise_model).__name__}: give the model's JSON "
                "form."
            )
        self.noise = noise
        self.bond_dimension = bond_dimension
        self.noise_model = noise_model

    @property
    def external_config(self) -> dict[str, Any]:
        """What is sent beside the configuration, as ``external_config``."""
        external: dict[str, Any] = {}
        if self.noise:
            external["noise_enabled"] = True
        if self.bond_dimension is not None:
            external["bond_dimension"] = self.bond_dimension
        if self.noise_model is not None:
            external["noise_model"] = self.noise_model
        return external

    @property
    def base_config(self) -> CompilerConfig:
        """The configuration without the external settings."""
        return _plain(self, CompilerConfig)

    def to_json(self) -> str:
        """Give the JSON form, with the external settings under ``$external``."""
        return config_to_text(self)[0]

    @classmethod
    def create_from_json(cls, serialized: str) -> Self:
        """Read the JSON form, ours or the published SDK's.

        Raises
        ------
        SnapshotError
            If the text is not such a document.
        """
        node = parsed(serialized)
        external = node.pop("$external", {})
        if not isinstance(external, dict):
            raise SnapshotError("A configuration has no object at '$external'.")
        for key in external:
            if key not in _EXTERNAL_KEYS:
                raise SnapshotError(f"An ExperimentalConfig has no external setting {key!r:.80}.")
        noise_model = external.get("noise_model")
        if noise_model is not None and not isinstance(noise_model, dict):
            raise SnapshotError(f"A noise_model is an object, not {type(noise_model).__name__}.")
        # published files give their class's own name to the node
        config: Self = object_of(node, cls, frozenset({str(cls), _PUBLISHED_EXPERIMENTAL}))
        config.noise = bool(external.get("noise_enabled", False))
        config.bond_dimension = external.get("bond_dimension")
        config.noise_model = noise_model
        return config


Config: TypeAlias = CompilerConfig | EradoConfig | ExperimentalConfig


def shots_of(config: Config | None) -> int:
    """Tell how many shots a configuration asks for."""
    repeats = None if config is None else config.repeats
    return DEFAULT_SHOTS if repeats is None else int(repeats)


def task_fields(config: Config | None) -> dict[str, Any]:
    """Give the fields of a submission that say how to run the program.

    Without a configuration, binary counts of 1000 shots are asked for. Of an instance
    of a subclass, what its library class has is sent.

    Raises
    ------
    ValueError
        If an external setting is something that JSON cannot hold.
    """
    if config is None:
        return {"config": _default_text()}
    kind = EradoConfig if isinstance(config, EradoConfig) else CompilerConfig
    fields = {"config": _plain(config, kind).to_json()}
    # by name, so that the noise of the published SDK's class is not dropped either
    external = getattr(config, "external_config", None)
    if isinstance(external, Mapping) and external:
        external = dict(external)
        if place := _find_non_finite(external):
            raise SnapshotError(f"{place} is no finite number, so it cannot be sent.")
        fields["external_config"] = external
    return fields


@functools.cache  # thousands of jobs are submitted at once, on the session's loop
def _default_text() -> str:
    binary_count = QuantumResultsFormat().binary_count()
    config = CompilerConfig(repeats=DEFAULT_SHOTS, results_format=binary_count)
    text: str = _plain(config, CompilerConfig).to_json()
    return text


def config_to_text(config: Config) -> tuple[str, ConfigType]:
    """Give the JSON form of a configuration and the snapshot's name for its kind.

    Raises
    ------
    SnapshotError
        If it holds something that the form cannot hold; the message names the place.
    """
    if isinstance(config, ExperimentalConfig):
        node = object_node(config, ExperimentalConfig, _EXTERNAL_ATTRIBUTES)
        if config.external_config:
            _find_non_finite(config.external_config)  # which also refuses what is no JSON
            node["$external"] = config.external_config
        return text_of(node), "ExperimentalConfig"
    if isinstance(config, EradoConfig):
        return text_of(object_node(config, EradoConfig)), "EradoConfig"
    if isinstance(config, CompilerConfig):
        return text_of(object_node(config, CompilerConfig)), "CompilerConfig"
    raise SnapshotError(f"config is a {type(config).__name__}, which is no configuration.")


def config_from_text(text: str, kind: str | None) -> Config:
    """Read the JSON form of a configuration.

    Parameters
    ----------
    text
        The JSON form.
    kind
        The snapshot's name for its kind; None means a plain CompilerConfig.

    Raises
    ------
    SnapshotError
        If the text is not the JSON form of that kind, or sets attributes that
        such a configuration does not have.
    """
    if kind == "ExperimentalConfig":
        return ExperimentalConfig.create_from_json(text)
    return object_of(parsed(text), EradoConfig if kind == "EradoConfig" else CompilerConfig)


def _plain(config: Config, kind: type[Any]) -> Any:
    """Give an instance of the library's own class with the same settings."""
    plain = kind()
    for name in vars(plain):
        setattr(plain, name, getattr(config, name))
    return plain


def _find_non_finite(external: dict[str, Any]) -> str:
    """Check that settings are JSON; say where the first NaN or infinity is, if there is one."""
    non_finite: NonFinite = []
    copied(external, ("external_config",), non_finite)
    return spelled(tuple(non_finite[0][0])) if non_finite else ""
