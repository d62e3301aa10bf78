"""What was found: a line on stdout for who runs it, and a line of JSON for `cargo xtask bench`."""

import json
import os
import sys

QUICK = "--quick" in sys.argv


def tell(table: str, row: str, who: str, value: float, unit: str) -> None:
    """So much of a unit."""
    print(f"{table:<34} {row:<20} {who:<28} {value:>9.1f} {unit}")
    _write({"table": table, "row": row, "who": who, "value": value, "unit": unit})


def tell_quota(table: str, row: str, who: str, share: float, worst: int, limit: int) -> None:
    """The share of a quota that was used, and the most calls in any window of one period."""
    over = "  OVER" if worst > limit else ""
    print(f"{table:<34} {row:<20} {who:<28} {100 * share:>8.2f} %  worst {worst} of {limit}{over}")
    _write({"table": table, "row": row, "who": who, "share": share, "worst": worst, "limit": limit})


def _write(figure: dict) -> None:
    if path := os.environ.get("TOLLGATE_FIGURES"):
        with open(path, "a", encoding="utf-8") as file:
            print(json.dumps(figure), file=file)
