"""The evidence ledger: each printed number beside what this project gets for it.

A number obtained from rounded print is a range, from `low` to `high`: it reproduces a printed number when the
range meets the printed number's own rounding interval.
"""

from typing import Any

import pandas as pd

from helpers import session as sessions
from helpers.project import STATES
from helpers.published import as_printed
from helpers.session import Session

STATUSES = {
    "reproduces": "what we get rounds to what is printed",
    "contradicts": "what we get cannot round to what is printed",
    "recovered": "planted in simulated data and found again; shows the method works, is no evidence",
    "cannot be reproduced": "the records it needs are not public",
    "quoted only": "printed, and nothing else to set beside it",
}


def compare(
    session: Session,
    found: dict[str, float | tuple[float, float]],
    *,
    state: str,
    note: str = "",
) -> None:
    """Enter what was obtained for printed numbers: for each id a value, or a range (low, high)."""
    if state not in STATES:
        raise ValueError(f"ledger: state {state!r} is none of {', '.join(STATES)}")
    for number, value in found.items():
        low, high = map(float, value if isinstance(value, tuple) else (value, value))
        sessions.note(session, "ledger", id=number, low=low, high=high, state=state, note=note)


def claim(session: Session, number: str, holds: bool, *, state: str, note: str) -> None:
    """Enter whether what the text claims with a printed number ("higher than ...") holds; `note` says how far."""
    fields = {"low": None, "high": None, "holds": holds, "state": state, "note": note}
    sessions.note(session, "ledger", id=number, **fields)


def cannot(session: Session, numbers: list[str], why: str) -> None:
    """Enter printed numbers that nobody can obtain again from what is public, and why."""
    for number in numbers:
        sessions.note(
            session, "ledger", id=number, low=None, high=None, state="published", note=why
        )


def book(printed: pd.DataFrame, entries: list[dict[str, Any]]) -> pd.DataFrame:
    """The ledger: every printed number at least once, a row for each time it was obtained.

    `printed` as `published.everything()` gives it; `entries` are record lines of kind ledger with `notebook`.
    Raises KeyError when an entry names an id that is not printed anywhere.
    """
    unknown = sorted({entry["id"] for entry in entries} - set(printed.index))
    if unknown:
        raise KeyError(f"the ledger has no printed number {', '.join(unknown)}")
    by_id: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_id.setdefault(entry["id"], []).append(entry)
    nothing = {"notebook": "", "low": None, "high": None, "state": "published", "note": ""}
    rows = []
    for number in printed.itertuples():
        for entry in by_id.get(number.Index, [nothing]):
            rows.append(
                {
                    "id": number.Index,
                    "what": f"{number.row}, {number.group}: {number.statistic}",
                    "printed": as_printed(number.value, number.decimals),
                    "unit": number.unit,
                    "locator": number.locator,
                    "file": number.file,
                    "notebook": entry["notebook"],
                    "obtained_low": entry["low"],
                    "obtained_high": entry["high"],
                    "status": status(number.low, number.high, entry),
                    "state": entry["state"],
                    "note": entry["note"],
                }
            )
    return pd.DataFrame(rows)


def status(printed_low: float, printed_high: float, entry: dict[str, Any]) -> str:
    """One of STATUSES for an entry beside the rounding interval of the printed number."""
    if "holds" in entry:
        return "reproduces" if entry["holds"] else "contradicts"
    if entry["low"] is None:
        return "cannot be reproduced" if entry["note"] else "quoted only"
    # Half of the last printed digit may itself fall a last bit short in binary.
    slack = 1e-9 * max(1.0, abs(printed_high))
    if entry["low"] > printed_high + slack or entry["high"] < printed_low - slack:
        return "contradicts"
    return "recovered" if entry["state"] == "simulated" else "reproduces"
