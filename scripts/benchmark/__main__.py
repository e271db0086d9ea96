"""The command line of the benchmark: `scripts/bench --help`."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from scripts.benchmark.rows import ROWS, Row
from scripts.benchmark.runner import FULL, QUICK, bench_in, measure_all
from scripts.benchmark.table import section


def main() -> None:
    options = arguments()
    chosen = choose(set(filter(None, options.only.split(","))))
    with tempfile.TemporaryDirectory() as folder, bench_in(Path(folder)) as bench:
        results = measure_all(bench, chosen, QUICK if options.quick else FULL)
    for name, row in chosen.items():
        print(section(results, name, row))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--only", default="", help="rows, row families and gateways, with commas")
    parser.add_argument("--quick", action="store_true", help="less exact, and faster")
    return parser.parse_args()


def choose(only: set[str]) -> dict[str, Row]:
    """The rows asked for, each with the gateways asked for; ours and the provider always."""
    rows = {name: row for name, row in ROWS.items() if {name, row.family} & only}
    gateways = only - set(ROWS) - {row.family for row in ROWS.values()}
    wanted = gateways | {"ours", "provider"}
    return {
        name: replace(row, gateways=tuple(g for g in row.gateways if not gateways or g in wanted))
        for name, row in (rows or ROWS).items()
    }


if __name__ == "__main__":
    main()
