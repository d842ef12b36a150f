"""Release sums instead of records: sums from which anyone rebuilds a school fixed-effects table exactly.

    python -m helpers.release PARAMS pooled|school
    python -m helpers.release combine ask|same|different RELEASE RELEASE ...

`pooled` adds everything up over schools; `school` keeps the sums of each school. Both are tidy: one value a row. `combine` gives the
table of several releases together; schools of one name in two of them are the same, different, or asked about.
"""

import sys
from pathlib import Path

from helpers import faults
from helpers.notebook import parameters
from helpers.project import InputError, relative
from helpers.release import combine, disclosure, folder, panels, released, settings


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit status."""
    match arguments:
        case ["combine", "ask" | "same" | "different" as schools, *names]:
            try:
                made = combine.make(names, schools)
            except InputError as error:
                print(f"\nNothing was combined:\n{error}", file=sys.stderr)
                return 1
            print(f"The table is {relative(made / 'estimates.csv')}.{combine.told(made)}")
            return 0
        case [file, "pooled" | "school" as kind]:
            try:
                made = make(Path(file), kind)
            except InputError as error:
                print(f"\nNothing was released:\n{error}", file=sys.stderr)
                return 1
            print(f"Read {relative(made / 'disclosure.md')} before anything leaves.")
            return 0
    print(__doc__, file=sys.stderr)
    return 2


def make(file: Path, kind: str) -> Path:
    """From a file of parameters to `build/releases/<its name>`. Raises InputError; then an earlier release stays."""
    name, given = parameters.name_of(file), settings.read(file)
    found, rows = panels.read(given)
    disclosure.check_schools(found, given["merge"], given["drop"])
    ready = {name: panels.prepare(panel, given, kind) for name, panel in found.items()}
    checks = disclosure.check(ready, given["drop"], kind, given["limits"])
    others = rows - sum(panel.moments.rows for panel in ready.values())
    ready = {name: panels.told_roundly(panel, given["limits"]) for name, panel in ready.items()}
    if kind == "pooled":
        left_out = {name: panel.moments.left_out for name, panel in ready.items()}
        sums = released.pooled({name: panel.within for name, panel in ready.items()}, left_out)
    else:
        sums = released.school({name: panel.moments for name, panel in ready.items()})
    return folder.write(name, given, kind, ready, sums, folder.Found(others, checks))


if __name__ == "__main__":
    sys.exit(faults.outlived(main, sys.argv[1:]))
