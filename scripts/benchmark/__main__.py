"""The command line of the benchmark: `scripts/bench --help`."""

import argparse
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from scripts.benchmark import lives, report
from scripts.benchmark.gateways import DIRECT, GATEWAYS
from scripts.benchmark.processes import REPOSITORY
from scripts.benchmark.results import Results
from scripts.benchmark.rows import FAMILIES, ROWS, Row
from scripts.benchmark.runner import FULL, QUICK, Pace, bench_in, measure_rows, say

LIVES = "lives"
FOLDER = REPOSITORY / "docs/benchmarks"


def main() -> None:
    """Ctrl-C or SIGTERM ends the measuring; what was measured until then is printed, not kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments()
    names = chosen_gateways(options)
    rows = chosen_rows(options.only, names)
    for name in names:
        install(name, options)
    results, pace, is_whole = Results(), QUICK if options.quick else FULL, False
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as folder:
        measure(options, names, rows, pace, results, Path(folder))
        is_whole = True
    text = report.markdown(results, rows, names, pace)
    print(text)
    if options.write and is_whole:
        report.write(FOLDER, text, results)
    elif options.write:
        say("not written: the run was ended before its end")


def measure(
    options: argparse.Namespace,
    names: list[str],
    rows: dict[str, Row],
    pace: Pace,
    results: Results,
    folder: Path,
) -> None:
    with bench_in(folder) as bench:
        if not options.only or LIVES in options.only:
            lives.live(bench, names, pace, results)
            lives.commands(folder, results)
        measure_rows(bench, rows, pace, results)


def arguments() -> argparse.Namespace:
    names = ", ".join([*sorted(FAMILIES), LIVES, *ROWS, *GATEWAYS])
    parser = argparse.ArgumentParser(prog="scripts/bench")
    add = parser.add_argument
    add("--only", type=listed, default=[], metavar="NAMES", help=f"with commas, of: {names}")
    add("--quick", action="store_true", help="shorter rounds, for a first look")
    add("--all", action="store_true", help="also the gateways that are slow to install or measure")
    add("--write", action="store_true", help="to docs/benchmarks as well")
    add("--install-nginx", action="store_true", help="Debian's package, for this benchmark alone")
    return parser.parse_args()


def listed(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = set(names) - FAMILIES - {LIVES, DIRECT, *ROWS, *GATEWAYS}
    if unknown:
        raise argparse.ArgumentTypeError(f"no such row or gateway: {', '.join(sorted(unknown))}")
    return names


def chosen_gateways(options: argparse.Namespace) -> list[str]:
    """Those named and ours; when none is named all but the slow ones."""
    named = [name for name in GATEWAYS if name in options.only]
    if named:
        return [name for name in GATEWAYS if name in {*named, "ours"}]
    return [name for name, gateway in GATEWAYS.items() if options.all or not gateway.on_request]


def chosen_rows(only: list[str], gateways: list[str]) -> dict[str, Row]:
    """Those named; when none is named all, of a quick look at two gateways the relay's."""
    named = {name for name, row in ROWS.items() if {name, row.family} & set(only)}
    if not named and LIVES not in only:
        named = {"plain", "stream"} if set(only) & set(GATEWAYS) else set(ROWS)
    wanted = {*gateways, DIRECT}
    return {
        name: replace(row, gateways=tuple(gateway for gateway in row.gateways if gateway in wanted))
        for name, row in ROWS.items()
        if name in named
    }


def install(name: str, options: argparse.Namespace) -> None:
    """What fails to install is shown as not installed."""
    environment = GATEWAYS[name].environment
    if environment is None or (environment == "nginx" and not options.install_nginx):
        return
    say(f"installing {name}")
    command = [str(REPOSITORY / "scripts/benchmark/install"), environment]
    subprocess.run(command, stdout=sys.stderr, check=False)


if __name__ == "__main__":
    main()
