"""Squall breaks a simulated trading world on purpose and judges whether the desk survives."""

from pathlib import Path

__version__ = "0.1.0"

for _part in ("sim", "system", "faults", "scenarios", "reports"):
    if not (Path(__file__).parent / _part).is_dir():
        raise ImportError(
            f"squall/{_part} is not a folder: the checkout's symbolic links were flattened; "
            "clone with symbolic links enabled (git config core.symlinks true)"
        )
