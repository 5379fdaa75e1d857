"""Reading what earlier stages wrote; a file that is missing or damaged is named in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow import ArrowException
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stages.errors import InputError


def read_table(file: Path) -> pd.DataFrame:
    """Return the Parquet table in `file`; raises InputError where it cannot be read."""
    try:
        return pd.read_parquet(file)
    except (OSError, ArrowException) as error:
        raise _unreadable(file, error) from error


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the named arrays in the safetensors `file`; raises InputError where it cannot be read."""
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> InputError:
    return InputError(f"{file}: missing or damaged ({' '.join(str(error).split())}); `dvc repro` makes it anew")
