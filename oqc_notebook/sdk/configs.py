"""Configurations: ``compiler-config``'s own, and the ones with a backend's extra settings.

The JSON form is that of ``compiler-config`` (``{"$type": ..., "$data": ...}``). Its
reader goes through an allow-list of types but lets a document set any attribute,
methods included, so a text from outside is checked here first.
"""

from __future__ import annotations

import json
from typing import Any, Self, TypeAlias

from compiler_config.config import (
    CompilerConfig,
    QuantumResultsFormat,
    get_serializable_types,
)
from compiler_config.experimental.erado.config import EradoConfig
from compiler_config.experimental.erado.serialiser import (
    get_serializable_types as get_erado_serializable_types,
)

from oqc_notebook.sdk.errors import SnapshotError

#: The shots of a job without a configuration.
DEFAULT_SHOTS = 1000

#: Where older versions of the configuration library kept the same classes.
_OLD_MODULES = ("scc.compiler.config", "qat.purr.compiler.config")
_MODULE = "compiler_config.config"
_BASE_TYPE = f"<class '{_MODULE}.CompilerConfig'>"


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
        return _as_compiler_config(self)

    def to_json(self) -> str:
        """Give the JSON form, with the external settings under ``$external``."""
        document = json.loads(self.base_config.to_json())
        if self.external_config:
            document["$external"] = self.external_config
        return json.dumps(document)

    @classmethod
    def create_from_json(cls, serialized: str) -> Self:
        """Read the JSON form, ours or the published SDK's.

        Raises
        ------
        SnapshotError
            If the text is not such a document.
        """
        document = _parsed(serialized)
        external = document.pop("$external", {})
        # published: the type's name is that of their class, and the external
        # settings are not among its data
        document["$type"] = _BASE_TYPE
        base = _decoded(json.dumps(document), CompilerConfig.create_from_json)
        config = cls.__new__(cls)
        config.__dict__.update(vars(base))
        config.noise = bool(external.get("noise_enabled", False))
        config.bond_dimension = external.get("bond_dimension")
        config.noise_model = external.get("noise_model")
        return config


Config: TypeAlias = CompilerConfig | EradoConfig | ExperimentalConfig


def shots_of(config: Config | None) -> int:
    """Tell how many shots a configuration asks for."""
    repeats = None if config is None else config.repeats
    return DEFAULT_SHOTS if repeats is None else int(repeats)


def task_fields(config: Config | None) -> dict[str, Any]:
    """Give the fields of a submission that say how to run the program.

    Without a configuration, binary counts of 1000 shots are asked for.
    """
    if config is None:
        config = CompilerConfig(
            repeats=DEFAULT_SHOTS, results_format=QuantumResultsFormat().binary_count()
        )
    if isinstance(config, ExperimentalConfig):
        external = config.external_config
        fields = {"config": config.base_config.to_json()}
        return fields | ({"external_config": external} if external else {})
    return {"config": config_to_text(config)[0]}


def config_to_text(config: Config) -> tuple[str, str]:
    """Give the JSON form of a configuration and the snapshot's name for its kind."""
    if isinstance(config, ExperimentalConfig):
        return config.to_json(), "ExperimentalConfig"
    if isinstance(config, EradoConfig):
        return config.to_json(), "EradoConfig"
    # a subclass is not on the library's allow-list; its data are
    return _as_compiler_config(config).to_json(), "CompilerConfig"


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
    if kind == "EradoConfig":
        return _decoded(text, EradoConfig.from_json)
    return _decoded(text, CompilerConfig.create_from_json)


def _as_compiler_config(config: CompilerConfig) -> CompilerConfig:
    plain = CompilerConfig()
    for name in vars(plain):
        setattr(plain, name, getattr(config, name))
    return plain


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SnapshotError(f"A configuration is not valid JSON: {exc}") from None
    if not isinstance(document, dict):
        raise SnapshotError(f"A configuration is a JSON object, not {type(document).__name__}.")
    return document


def _decoded(text: str, decode: Any) -> Any:
    _refuse_foreign_attributes(_parsed(text))
    try:
        return decode(text)
    except Exception as exc:  # the library raises whatever comes up on odd documents
        raise SnapshotError(f"A configuration cannot be read: {exc}") from None


def _refuse_foreign_attributes(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _refuse_foreign_attributes(item)
    if not isinstance(node, dict):
        return
    data = node.get("$data")
    if "$type" in node and isinstance(data, dict):
        foreign = data.keys() - _attributes_of(node["$type"])
        if foreign:
            raise SnapshotError(
                f"A configuration of type {node['$type']} has no {sorted(foreign)[0]!r}."
            )
    for value in node.values():
        _refuse_foreign_attributes(value)


def _attributes_of(type_name: Any) -> set[str]:
    for old in _OLD_MODULES:
        type_name = str(type_name).replace(old, _MODULE)
    kind = (get_serializable_types() | get_erado_serializable_types()).get(type_name)
    if kind is None:
        raise SnapshotError(f"A configuration holds an unknown type: {type_name}.")
    return set(vars(kind()))
