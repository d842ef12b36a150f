"""Releases of several holders put together: the table that all their records in one file would give.

Sums by school add up to those of all schools, so every inference is that of the records. Of pooled releases only the
cross-products add up: the estimates are those of the records, and errors between clusters cannot be had from them.
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import kept
from helpers.estimate import fixed_effects, panels
from helpers.estimate.moments import SUMMED, Moments
from helpers.project import ROOT, InputError, locate
from helpers.read import saved
from helpers.release import released
from helpers.release.panels import merge, recentre

BUILD = ROOT / "build"
INFERENCE = ("CR2", "CRV3", "CRV1", "bootstrap")
_ALIKE = ("outcome", "school", "year", "baseline", "controls", "categories", "cluster", "weight", "by", "standardise")
_WHY = {"standardise": ", for one is in standard deviations of its own students and the other in the outcome's units"}


@dataclass(frozen=True)
class Part:
    """One release: the name of its folder, its tidy sums (see `released`), what `about.json` says."""

    name: str
    frame: pd.DataFrame
    about: dict[str, Any]

    @property
    def by_school(self) -> bool:
        """Whether sums of each school are told."""
        return "school" in self.frame


def make(names: Sequence[str], schools: str = "ask") -> Path:
    """Put releases together in `build/combined/<their names>`. Raises InputError for what does not fit together.

    `names`: of folders in `build/releases/`, or paths to others; `schools`: see `together`.
    """
    if len(names) < 2:
        raise InputError('Name two releases or more: make combine RELEASES="north south".')
    parts = [read(name) for name in names]
    place = BUILD / "combined" / "+".join(part.name for part in parts)
    check_alike(parts)
    sums = together(parts, schools) if all(part.by_school for part in parts) else None
    table = estimates(parts, sums)
    about = {
        "releases": [{"name": p.name, "kind": p.about["kind"], "moments.csv": p.about["moments.csv"]} for p in parts]
    }
    (BUILD / "aside").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="combined-", dir=BUILD / "aside") as aside:
        made = Path(aside) / "made"
        made.mkdir()
        saved.write(table, made / "estimates.csv")
        if sums:
            saved.write(released.school(sums), made / "moments.csv")
            about["inputs"] = [file for part in parts for file in part.about["inputs"]]
            about |= _described(parts[0].about, sums, kept.digest(made / "moments.csv"))
        kept.write_whole(made / "about.json", json.dumps(about, indent=1, ensure_ascii=False) + "\n")
        kept.swap(made, place)
    return place


def told(made: Path) -> str:
    """What to know about a combined table: why there are no errors, where there are none."""
    if (made / "moments.csv").is_file():
        return ""
    return (
        " A release among them is pooled: estimates are those of all records, and errors cannot be had. That no school is in "
        "two of them is for you to know: pooled releases name none."
    )


def read(name: str) -> Part:
    """A release by the name of its folder in `build/releases/`, or by its path. Raises InputError where there is none."""
    place = BUILD / "releases" / name
    place = place if place.is_dir() else locate(name)
    if not place.is_dir():
        raise InputError(f"{name}: no such folder in build/releases/, and none at this path. Write its name or path.")
    return Part(place.name, released.read(place), json.loads((place / "about.json").read_text(encoding="utf-8")))


def check_alike(parts: Sequence[Part]) -> None:
    """Raise InputError where releases differ in name, columns, baseline, standardisation, panels or terms."""
    names = [part.name for part in parts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(
            f"two releases are called {twice[0]!r}. Name each once, and rename folders that are called alike."
        )
    first, *others = parts
    for one, two in combinations(parts, 2):
        if one.frame.equals(two.frame):
            raise InputError(
                f"{one.name} and {two.name} are the same release: all would count twice. Name one of them."
            )
    for other in others:
        for what, one, two in _compared(first.about, other.about):
            if one != two:
                raise InputError(
                    f"{what}: {_shown(one)} in {first.name} and {_shown(two)} in {other.name} do not go together{_WHY.get(what, '')}. Ask for "
                    "releases of the same columns, levels and parameters."
                )


def _compared(one: dict[str, Any], two: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """What must be alike, and how it is in two descriptions; the order of columns, levels and panels is of no account."""
    found = [(name, *(_names(about["parameters"][name]) for about in (one, two))) for name in _ALIKE]
    found.append(("panels", *(_names(about["panels"]) for about in (one, two))))
    for panel in set(one["panels"]) & set(two["panels"]):
        sides = [about["panels"][panel] for about in (one, two)]
        found.append((f"panel {panel!r}: the reference levels", *(side["references"] for side in sides)))
        found.append((f"panel {panel!r}: the terms", *(_names(side["terms"]) for side in sides)))
    return found


def _names(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, list | dict) else str(value)


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return repr(text if len(text) <= 200 else f"{text[:200]} ...")


def together(parts: Sequence[Part], schools: str = "ask") -> dict[str, Moments]:
    """Sums of all schools, by panel, as one file of all records would give them. Releases are by school and alike.

    `schools`: where two releases have a school or cluster of one name, "same" (their students are added up) or "different" (each is called
    `release: name`). Raises InputError where such are and it does not say.
    """
    return {panel: _one_panel(parts, panel, schools) for panel in parts[0].about["panels"]}


def _one_panel(parts: Sequence[Part], panel: str, schools: str) -> Moments:
    found = {part.name: released.read_school(part.frame, panel) for part in parts}
    owners = [{*map(str, sums.schools), *map(str, sums.clusters)} for sums in found.values()]
    seen = set.union(*owners)
    twice = sorted(name for name in seen if sum(name in own for own in owners) > 1)
    if twice and schools not in ("same", "different"):
        raise InputError(
            f"panel {panel!r}: {len(twice)} schools or clusters stand in several releases: {', '.join(twice[:5])}. Say "
            "whether they are: SCHOOLS=same adds their students up, SCHOOLS=different keeps them apart."
        )
    if schools == "different":
        found = {name: _prefixed(sums, name) for name, sums in found.items()}
    order = next(iter(found.values())).terms
    ordered = [_in_order(sums, order) for sums in found.values()]
    weights = np.array([sums.n.sum() for sums in ordered])
    centres = weights @ np.array([sums.centres for sums in ordered]) / weights.sum()
    ordered = [recentre(sums, centres) for sums in ordered]
    whole = {
        name: np.concatenate([getattr(sums, name) for sums in ordered]) for name in ("schools", "clusters", *SUMMED)
    }
    added = replace(ordered[0], **whole, rows=sum(sums.rows for sums in ordered))
    clusters = pd.Series(added.clusters).groupby(added.schools).nunique()
    if (clusters > 1).any():
        raise InputError(f"panel {panel!r}: school {clusters.idxmax()!r} lies in another cluster in each release.")
    return merge(added, {})


def _prefixed(sums: Moments, name: str) -> Moments:
    def own(labels: np.ndarray) -> np.ndarray:
        return np.array([f"{name}: {label}" for label in labels], dtype=object)

    return replace(sums, schools=own(sums.schools), clusters=own(sums.clusters))


def _in_order(sums: Moments, terms: Sequence[str]) -> Moments:
    """The same sums with terms in another order."""
    places = [*(sums.terms.index(term) for term in terms), len(terms)]
    first = len(terms) + 1 - len(sums.centres)  # of the numeric columns
    return replace(
        sums,
        terms=tuple(terms),
        sums=sums.sums[:, places],
        products=sums.products[:, places][:, :, places],
        centres=sums.centres[[place - first for place in places[first:]]],
    )


def estimates(parts: Sequence[Part], sums: dict[str, Moments] | None) -> pd.DataFrame:
    """The tables of all panels: `panel, inference`, then the columns of `Fit.table`, then `state`.

    `sums`: of `together`; None where a release is pooled: then errors, intervals and p-values are empty, and `inference` is
    "none". An inference that cannot be had has no rows.
    """
    standardise = parts[0].about["parameters"]["standardise"]
    tables = []
    for panel in parts[0].about["panels"]:
        if sums is None:
            tables.append(_added_up(parts, panel, standardise).assign(panel=panel, inference="none"))
            continue
        data = fixed_effects.within(sums[panel])
        for inference in INFERENCE:
            try:
                table = panels.table(data, inference, data.baseline_sd if standardise else 1.0)
            except InputError:  # CRV3, where a term cannot be estimated without one of the clusters
                continue
            tables.append(table.assign(panel=panel, inference=inference))
    whole = pd.concat(tables, ignore_index=True).assign(state="moments")
    return whole[["panel", "inference", *whole.columns.drop(["panel", "inference"])]]


def _added_up(parts: Sequence[Part], panel: str, standardise: bool) -> pd.DataFrame:
    """Estimates from cross-products within schools, which add up whoever tells them."""
    if standardise:
        raise InputError(
            "estimates would be in standard deviations of all students of the baseline year, and pooled releases do not tell how "
            "many those are, so that the deviation cannot be had. Ask for releases by school, or without `standardise`."
        )
    terms = parts[0].about["panels"][panel]["terms"]
    xx, xy, counts = np.zeros([len(terms)] * 2), np.zeros(len(terms)), np.zeros(2)
    varying = np.zeros(len(terms))
    for part in parts:
        if part.by_school:
            data = fixed_effects.within(released.read_school(part.frame, panel))
            own = data.terms, data.xx.sum(axis=0), data.xy.sum(axis=0), len(data.clusters), fixed_effects.varying(data)
        else:
            data = released.read_pooled(part.frame, panel)
            own = data.terms, data.xx, data.xy, data.n_groups, data.n_varying
        places = [own[0].index(term) for term in terms]
        xx, xy, varying = xx + own[1][np.ix_(places, places)], xy + own[2][places], varying + own[4][places]
        counts += data.n, own[3]
    n, groups = counts.astype(int)
    found = pd.DataFrame({"term": terms, "estimate": np.linalg.solve(xx, xy)})
    return found.assign(
        **dict.fromkeys(panels.NUMBERS[1:], np.nan), n=n, n_groups=groups, n_varying=varying.astype(int), df=np.nan
    )


def _described(about: dict[str, Any], sums: dict[str, Moments], digest: str) -> dict[str, Any]:
    """`about.json` of the sums together, as that of a release by school."""
    described = {}
    for panel, own in sums.items():
        counts = {
            "records": int(own.records.sum()), "n_groups": len(set(own.clusters)), "n_schools": len(own.schools),
            "incomplete": own.left_out,
        }  # fmt: skip
        described[panel] = about["panels"][panel] | counts
        described[panel].pop("centres")
    shown = about["parameters"] | {"data": "", "merge": {}, "drop": [], "risk": "", "earlier": ""}
    return {
        "kind": "school",
        "moments.csv": digest,
        "parameters": shown,
        "panels": described,
        "covariance": about["covariance"],
    }
