"""Hostile requests made from the API description, by Schemathesis: no answer may be a server error.

Run with ``make fuzz STUDY=DIR``. A copy of the study is served and thrown away afterwards.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from load import serving

LEAST_CASES = 3_000


def fuzz(address: str, *, examples: int, seed: int, phases: str, more: Sequence[str] = ()) -> tuple[int, str]:
    """Send the requests; return the exit status of Schemathesis and what it printed."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "run",
        f"{address}/api",
        *("--checks", "not_a_server_error", "--phases", phases, "--seed", str(seed)),
        *("--max-examples", str(examples), "--request-timeout", "60", "--warnings", "off", *more),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def cases(told: str) -> int:
    """Read how many requests were made."""
    found = re.search(r"(\d+) generated", told)
    return 0 if found is None else int(found[1])


def main() -> int:
    """Fuzz a copy of a study; fail on any server error or on too few cases."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--study", type=Path, required=True)
    asked.add_argument("--examples", type=int, default=60)
    asked.add_argument("--seed", type=int, default=5)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="phusong-fuzz-") as folder:
        study = Path(folder) / "study"
        shutil.copytree(options.study, study, ignore=shutil.ignore_patterns("loss", "jobs"))
        with serving(study) as (address, _):
            status, told = fuzz(
                address,
                examples=options.examples,
                seed=options.seed,
                phases="examples,coverage,fuzzing",
            )
    sys.stdout.write(told)
    sys.stdout.write(f"{cases(told)} cases (at least {LEAST_CASES} are wanted)\n")
    return status or int(cases(told) < LEAST_CASES)


if __name__ == "__main__":
    sys.exit(main())
