"""The benchmark's parts work. What they measure is nobody's business here."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from xml.etree import ElementTree

import pytest

from scripts.benchmark import chart, lives, report, table
from scripts.benchmark.answers import PLAIN_BYTES, openai
from scripts.benchmark.gateways import DIRECT, GATEWAYS
from scripts.benchmark.goals import BUSY, GOALS
from scripts.benchmark.load import Order, Report
from scripts.benchmark.mixed import Mix, MixError
from scripts.benchmark.processes import line_of, load, talker
from scripts.benchmark.results import Results
from scripts.benchmark.rows import CHAT, ROWS
from scripts.benchmark.runner import Pace, bench_in, measure_rows
from scripts.benchmark.setups import Question, Setup, asks

BLINK = Pace(rounds=1, seconds=0.05, warm_up_s=0.0, lives=1, requests=1)


@pytest.fixture(scope="module")
def generator() -> Iterator[Popen[str]]:
    with talker("scripts.benchmark.load") as process:
        yield process


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with talker("scripts.benchmark.provider") as process:
        yield int(line_of(process))


def order(port: int, question: Question, least_events: int, path: str = CHAT) -> Order:
    return Order(
        port=port,
        path=path,
        asks=asks(Setup(), question, None),
        connections=2,
        seconds=0.05,
        warm_up_s=0.0,
        least_events=least_events,
        least_answers=4,
    )


@pytest.mark.parametrize("row", ["plain", "stream"])
def test_the_load_gets_whole_answers_from_the_provider(
    row: str, generator: Popen[str], port: int
) -> None:
    found = load(generator, order(port, ROWS[row].question, ROWS[row].least_events))

    assert found.answers >= 4
    assert found.failures == {}


def test_a_paced_stream_tells_how_long_its_events_took(generator: Popen[str], port: int) -> None:
    paced = order(port, ROWS["paced"].question, ROWS["paced"].least_events)

    found = load(generator, replace(paced, paced=True, least_answers=0))

    assert found.failures == {}
    assert 0 < found.delay_p50_s <= found.delay_p99_s < 1


def test_an_answer_that_is_not_200_is_counted_as_a_failure(
    generator: Popen[str], port: int
) -> None:
    found = load(generator, replace(order(port, ROWS["plain"].question, 0, "/"), longest_s=0.1))

    assert set(found.failures) == {"status 404"}
    assert found.answers == 0


def test_a_stream_with_events_missing_is_counted_as_a_failure(
    generator: Popen[str], port: int
) -> None:
    asked = order(port, ROWS["stream"].question, 1000)

    found = load(generator, replace(asked, longest_s=0.1))

    assert set(found.failures) == {"events missing"}


def test_an_answer_without_done_is_counted_as_a_failure(generator: Popen[str], port: int) -> None:
    asked = order(port, ROWS["stream"].question, 1, "/v1/messages")

    found = load(generator, replace(asked, longest_s=0.1))

    assert set(found.failures) == {"no [DONE]"}


def test_the_plain_answer_is_as_long_as_the_documentation_says() -> None:
    body = openai(counted=False).plain.partition(b"\r\n\r\n")[2]

    assert len(body) == PLAIN_BYTES


def test_gateways_are_started_measured_and_printed_beside_each_other(tmp_path: Path) -> None:
    row = replace(ROWS["plain"], gateways=("provider", "bare", "ours"), connections=1)
    results = Results()

    with bench_in(tmp_path) as bench:
        measure_rows(bench, {"plain": row}, BLINK, results)

    lines = table.section(results, "plain", row).splitlines()
    assert results.obstacles == {}
    assert [line.split(" | ")[0] for line in lines[4:]] == [
        "| the provider alone",
        "| bare pass-through: Starlette, aiohttp",
        "| oai-proxy",
    ]
    assert all("invalid" not in line for line in lines)


def test_a_row_that_is_not_answered_with_200_has_no_number(tmp_path: Path) -> None:
    row = replace(ROWS["plain"], gateways=("ours",), question=Question("unknown"))
    results = Results()

    with bench_in(tmp_path) as bench:
        measure_rows(bench, {"plain": row}, BLINK, results)

    assert results.reports == {}
    assert results.obstacles == {("plain", "ours"): "not available: 404 model_not_found"}


def test_a_failed_request_makes_the_number_invalid() -> None:
    results = made({"ours": 400.0, "bare": 200.0})
    results.add("plain", "ours", replace(results.reports["plain", "ours"][0], failures={"x": 1}))

    assert "| invalid: 1 times x |" in table.section(results, "plain", ROWS["plain"])
    assert results.ratio("plain", "ours", "bare") is None


def test_a_ratio_is_the_median_of_the_rounds_own() -> None:
    results = made({"ours": 400.0, "bare": 200.0})
    for ours, bare in ((900.0, 300.0), (900.0, 900.0)):
        results.add("plain", "ours", one(ours))
        results.add("plain", "bare", one(bare))

    assert results.ratio("plain", "ours", "bare") == 2.0


def test_goals_say_whether_they_are_met_or_were_not_measured() -> None:
    text = table.goals(made({"ours": 400.0, "bare": 200.0}))

    assert "| plain, CPU beside the bare pass-through | 1.2 times | 2 times |  | **no** |" in text
    assert text.count("not measured") == len(GOALS) - 1


def test_a_goal_that_is_missed_has_what_is_in_the_way_beside_it() -> None:
    results = made({"ours": 400.0, "bare": 200.0})
    first = "added time to first token, paced, p50"
    for gateway, first_s in ((DIRECT, 0.001), ("ours", 0.009), ("bare", 0.0015)):
        results.add("paced", gateway, replace(one(1.0), first_p50_s=first_s))

    assert f"| {first} | 1 ms | 8 ms | 0.5 ms | **no** | not explained |" in table.goals(results)

    results.reports["paced", "bare"] = [replace(one(1.0), first_p50_s=0.004)]

    assert f"| {first} | 1 ms | 8 ms | 3 ms | **no** | {BUSY} |" in table.goals(results)
    missed = [line for line in table.goals(results).splitlines() if "**no**" in line]
    assert all(line.removesuffix("|").rpartition("|")[2].strip() for line in missed)


def test_mixed_requests_are_answered_as_they_should_be_and_growth_is_seen(tmp_path: Path) -> None:
    results = Results()

    with bench_in(tmp_path) as bench:
        lives.live(bench, ["ours"], replace(BLINK, requests=400), results)

    (life,) = results.lives["ours"]
    assert results.obstacles == {}
    assert life.requests == 400
    assert life.before
    assert life.after
    assert life.before.tasks == life.after.tasks
    assert life.before.descriptors > 0


def test_a_gateway_that_does_not_report_a_broken_stream_fails_the_mix(tmp_path: Path) -> None:
    with bench_in(tmp_path) as bench, pytest.raises(MixError):
        Mix(bench.gateway("bare", Setup()).port, Setup()).ask(40, 10.0)


def test_the_report_and_the_chart_are_written(tmp_path: Path) -> None:
    results = made({DIRECT: 10.0, "ours": 400.0, "bare": 200.0, "lm-proxy": 3000.0})
    text = report.markdown(results, ROWS, ["ours", "bare"], BLINK)

    report.write(tmp_path, text, results)

    words = [node.text for node in ElementTree.parse(tmp_path / "latest.svg").iter()]
    assert "![](latest.svg)" in (tmp_path / "latest.md").read_text()
    assert GATEWAYS["lm-proxy"].title in words
    assert chart.svg(Results()).startswith("<svg")


def one(cpu_us: float) -> Report:
    return Report(answers=100, seconds=1.0, p50_s=0.001, p99_s=0.002, cpu_s=cpu_us / 1e4)


def made(cpu_us: dict[str, float]) -> Results:
    results = Results()
    for gateway, value in cpu_us.items():
        results.add("plain", gateway, one(value))
    return results
