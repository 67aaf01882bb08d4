"""Creates the table about the size of the program, for each profile that has been built. It does not build anything."""

import pathlib

from common import complain, table

TARGET = pathlib.Path(__file__).resolve().parent.parent / "target"


def sizes_of_builds(bench):
    """Looks in `target/`, and in the directory of the measured program if it is different."""
    folders = dict.fromkeys([TARGET, pathlib.Path(bench.smtpcheck).resolve().parent.parent])
    found = {}
    for folder in folders:
        for profile in ("debug", "release", "dist"):
            program = folder / profile / "smtpcheck"
            if program.is_file():
                found.setdefault("dev" if profile == "debug" else profile, program.stat().st_size)
    if not found:
        complain(f"{TARGET} contains no program")
        return ""
    first = found.get("release", next(iter(found.values())))
    rows = [[profile, f"{size / 1e6:.1f}", f"{size / first:.2f}"] for profile, size in found.items()]
    return table(["Profile", "MB", "Ratio"], rows)


TABLES = [("Size of the program", sizes_of_builds)]
