"""The state of a stack of runs in training, as the bytes of a safetensors file.

It holds no code: tensors as they are, tables as Parquet, and the rest as JSON, which keeps every bit of a float.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load, save
from torch import Tensor


@dataclass(frozen=True)
class State:
    """All that a stack of runs needs to resume."""

    pretrained: int | None
    """the updates of pre-training done; None where it is finished or there is none"""
    updates: int
    """the supervised updates done"""
    run_updates: int
    """all updates done, times the runs"""
    changed: Sequence[Tensor]
    """the tensors that training changes"""
    generators: Sequence[Tensor]
    """the states of the random generators, uint8"""
    initial: Sequence[dict[str, np.ndarray]]
    """each run's parameters before supervised training"""
    kept: Sequence[dict[str, np.ndarray]]
    """each run's parameters with the lowest validation error so far"""
    observations: Sequence[Sequence[dict[str, Any]]]
    """the observations of each run: tables, and JSON values"""


def pack(state: State) -> bytes:
    """Return `state` as bytes."""
    tables = [_tables(of_run) for of_run in state.observations]
    told = {
        "pretrained": state.pretrained,
        "updates": state.updates,
        "run_updates": state.run_updates,
        "changed": len(state.changed),
        "generators": len(state.generators),
        "initial": [list(arrays) for arrays in state.initial],
        "kept": [list(arrays) for arrays in state.kept],
        "observations": [[_without_tables(one) for one in of_run] for of_run in state.observations],
        "tables": [list(of_run) for of_run in tables],
    }
    tensors = {
        "told": _bytes_as_tensor(json.dumps(told).encode()),
        **{f"changed {index}": tensor for index, tensor in enumerate(state.changed)},
        **{f"generator {index}": tensor for index, tensor in enumerate(state.generators)},
    }
    for moment in ("initial", "kept"):
        for run, arrays in enumerate(getattr(state, moment)):
            tensors |= {f"{moment} {run} {name}": torch.from_numpy(array) for name, array in arrays.items()}
    for run, of_run in enumerate(tables):
        tensors |= {f"table {run} {name}": _bytes_as_tensor(table) for name, table in of_run.items()}
    return save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()})


def unpack(packed: bytes) -> State:
    """Return the state that was packed."""
    tensors = load(packed)
    told = json.loads(_tensor_as_bytes(tensors["told"]))
    observations = told["observations"]
    for run, names in enumerate(told["tables"]):
        for name in names:
            table = pd.read_parquet(io.BytesIO(_tensor_as_bytes(tensors[f"table {run} {name}"])))
            for number, part in table.groupby("observation"):
                observations[run][number][name] = part.drop(columns="observation").reset_index(drop=True)
    return State(
        pretrained=told["pretrained"],
        updates=told["updates"],
        run_updates=told["run_updates"],
        changed=[tensors[f"changed {index}"] for index in range(told["changed"])],
        generators=[tensors[f"generator {index}"] for index in range(told["generators"])],
        observations=observations,
        **{
            moment: [
                {name: tensors[f"{moment} {run} {name}"].numpy() for name in names}
                for run, names in enumerate(told[moment])
            ]
            for moment in ("initial", "kept")
        },
    )


def _tables(observations: Sequence[dict[str, Any]]) -> dict[str, bytes]:
    """Return the tables among a run's observations, all of one name as one Parquet table."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for number, observation in enumerate(observations):
        for name, value in observation.items():
            if isinstance(value, pd.DataFrame):
                parts.setdefault(name, []).append(value.assign(observation=number))
    return {name: pd.concat(tables).to_parquet(index=False) for name, tables in parts.items()}


def _without_tables(observation: dict[str, Any]) -> dict[str, Any]:
    """Return `observation` with None in place of its tables, which keeps the order of its keys."""
    return {name: None if isinstance(value, pd.DataFrame) else value for name, value in observation.items()}


def _bytes_as_tensor(content: bytes) -> Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def _tensor_as_bytes(tensor: Tensor) -> bytes:
    return tensor.numpy().tobytes()
