"""Tables of shares as people read them: percent, spoken names, intervals in words."""

from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.project import InputError


def labelled(
    rows: pd.DataFrame, items: Mapping[str, str], names: Mapping[str, str], mean: str = ""
) -> pd.DataFrame:
    """Rows with what figures need: `label` and `item_label` for people, and whether it is the `average`.

    Parameters
    ----------
    rows : of a table of shares, or of their differences
    items, names : how items and systems are called
    mean : the system that is an average
    """
    return rows.assign(
        label=_spoken(rows["system"], names),
        item_label=rows["item"].map(items),
        average=rows["system"].eq(mean),
    )


def shown(table: pd.DataFrame, wanted: Sequence[str], most: int = 4) -> list[str]:
    """Systems to draw: those `wanted` that have a share in the table, else the first of all that have.

    Raises InputError when there is no share at all.
    """
    have = list(dict.fromkeys(table.dropna(subset="share")["system"]))
    if not have:
        why = ", ".join(sorted({note for note in table["note"] if note}))
        raise InputError(
            f"no share can be shown ({why}). Bring data of more respondents and schools, or larger groups."
        )
    return [system for system in wanted if system in have] or have[:most]


def counts(table: pd.DataFrame, items: Mapping[str, str], names: Mapping[str, str]) -> pd.DataFrame:
    """`shares.counts` with a row a system (or group) and item."""
    return pd.DataFrame(
        {
            "System or group": _spoken(table["system"], names),
            "Item": table["item"].map(items),
            "Respondents": table["respondents"],
            "Schools": table["schools"],
            "Answered": table["answered"],
            "No answer": table["no_answer"],
            "Not asked": table["not_administered"],
        }
        | _cycle(table)
    )


def shares(
    table: pd.DataFrame,
    items: Mapping[str, str],
    names: Mapping[str, str],
    words: Mapping[str, str],
) -> pd.DataFrame:
    """`shares.table` with a row a system and item and the headline statistics side by side.

    Parameters
    ----------
    table : as `shares.table` gives it
    items, names, words : how items, systems and statistics are called
    """
    seen = pd.DataFrame(
        {
            "system": table["system"],  # two may be spoken of alike
            "System or group": _spoken(table["system"], names),
            "Item": table["item"].map(items),
            "statistic": table["statistic"].map(words),
            "text": [_percent(row) for row in table.itertuples()],
            "n": table["n"],
        }
        | _cycle(table)
    )
    keys = [name for name in seen if name not in ("statistic", "text")]
    wide = seen.pivot(index=keys, columns="statistic", values="text").reset_index()
    order = seen.drop_duplicates(keys)[keys].merge(wide, on=keys)
    return order[[*keys[1:3], *words.values(), *keys[3:]]].rename(columns={"n": "Answered"})


def differences(table: pd.DataFrame, words: Mapping[str, str]) -> pd.DataFrame:
    """Differences between systems (`label_1` less `label_2`) or levels (`term` less `other`), in percentage points."""
    between = "label_1" in table
    first, second = ("label_1", "label_2") if between else ("term", "other")
    shown = {} if between else {"System or group": table["label"]}
    shown |= {
        "Item": table["item_label"],
        "First": table[first],
        "Second": table[second],
        "Share": table["statistic"].map(words),
        "Difference": [_points(row.estimate) for row in table.itertuples()],
        "95 % interval": [
            f"{_points(row.ci_low)} to {_points(row.ci_high)}" if pd.notna(row.ci_low) else row.note
            for row in table.itertuples()
        ],
        "p, adjusted": [_p(value) for value in table["p_holm"]],
    }
    return pd.DataFrame(shown)


def changes(change: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Changes between cycles with both shares beside them: adds `cycle_1, cycle_2, share_1, share_2`."""
    keys = ["system", "item", "statistic"]
    known = table.set_index(["cycle", *keys])["share"]
    found = change.assign(cycle_1=change["other"], cycle_2=change["cycle"])
    for number in ("1", "2"):
        index = pd.MultiIndex.from_frame(found[[f"cycle_{number}", *keys]])
        found[f"share_{number}"] = known.reindex(index).to_numpy()
    return found


def _cycle(table: pd.DataFrame) -> dict[str, pd.Series]:
    return {"Cycle": table["cycle"]} if table["cycle"].nunique() > 1 else {}


def _spoken(codes: pd.Series, names: Mapping[str, str]) -> pd.Series:
    """Names; with the code where two have the same."""
    spoken = list(names.values())
    told_apart = {
        code: f"{name} ({code})" if spoken.count(name) > 1 else name for code, name in names.items()
    }
    return codes.map(told_apart).fillna(codes)


def _percent(row) -> str:
    if pd.isna(row.share):
        return row.note
    if pd.isna(row.ci_low):
        return f"{row.share:.1%}"
    return f"{row.share:.1%} ({100 * row.ci_low:.0f} to {100 * row.ci_high:.0f})"


def _points(value: float) -> str:
    return "" if pd.isna(value) else f"{100 * value:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    return "" if pd.isna(value) else "< 0.001" if value < 0.0005 else f"{value:.3f}"
