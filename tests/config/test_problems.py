"""Every slip that a person makes in a config, and the words that lead to its mend."""

from pathlib import Path

import pytest

from lmproxy.config.problems import known_keys, nearest
from tests.harness import configs

UNKNOWN = "unknown key; did you mean"
TARGETS = "a route's value is a string or a list of strings"

MISSPELT = [
    ("top", "prot = 1", f"prot: {UNKNOWN} 'port'?"),
    ("top", "model_listing = 'as_is'", f"model_listing: {UNKNOWN} 'model_listing_mode'?"),
    ("connection", "api_kee = 'x'", f"connections.up.api_kee: {UNKNOWN} 'api_key'?"),
    (
        "connection",
        "api_type = 'opnai'",
        "connections.up.api_type: there is no 'opnai'; did you mean 'openai'?",
    ),
    ("timeouts", "connect = 5", f"connections.up.timeouts.connect: {UNKNOWN} 'connect_s'?"),
    ("routing", "'*' = 'upp.*'", "routing.*: there is no connection 'upp'; did you mean 'up'?"),
    ("group", "api_key = []", f"groups.team.api_key: {UNKNOWN} 'api_keys'?"),
    ("group", "allowed_model = '*'", f"groups.team.allowed_model: {UNKNOWN} 'allowed_models'?"),
    (
        "group",
        "allowed_connections = 'up, uqp'",
        "groups.team.allowed_connections.1: there is no connection 'uqp'; did you mean 'up'?",
    ),
    (
        "api_keys",
        "api_keys = [{ key = 'env:TEAM', ownr = 'a' }]",
        f"groups.team.api_keys.0.ownr: {UNKNOWN} 'owner'?",
    ),
    ("server", "max_body = 5", f"server.max_body: {UNKNOWN} 'max_body_bytes'?"),
    ("tail", "[storage]\npath = '/x'", "storage.path: unknown key"),
    ("tail", "[[loggers]]\npath = 'x'\nfieldz = {}", f"loggers.0.fieldz: {UNKNOWN} 'fields'?"),
    (
        "tail",
        "[[loggers]]\npath = 'x'\nclass = 'fil'",
        "loggers.0.class: there is no 'fil'; did you mean 'file'?",
    ),
    ("tail", "[srever]", f"srever: {UNKNOWN} 'server'?"),
]

WRONG_TYPE = [
    ("top", "port = 'http'", "port: must be a whole number"),
    ("top", "port = true", "port: must be a number"),
    ("top", "port = 65536", "port: must be less than or equal to 65535"),
    ("top", "enabled = 'maybe'", "enabled: must be true or false"),
    ("top", "default_model = 5", "default_model: must be a string"),
    ("top", "lane = 'fast'", "lane: must be 'auto', 'relay', 'translate' or 'litellm'"),
    ("top", "model_info = 1", "model_info: must be a table"),
    ("connection", "speaks = 'chat'", "connections.up.speaks: must be a list"),
    ("connection", "http_headers = 'a'", "connections.up.http_headers: must be a table"),
    ("connection", "http_headers = { a = 1 }", "connections.up.http_headers.a: must be a string"),
    (
        "connection",
        "proxy = 'proxy:3128'",
        "connections.up.proxy: must be an http:// or https:// URL",
    ),
    (
        "connection",
        "concurrency = 0",
        "connections.up.concurrency: must be greater than or equal to 1",
    ),
    *(
        (
            "tail",
            f"[connections.local]\napi_type = 'local'\n{name} = 0",
            f"connections.local.{name}: must be greater than or equal to 1",
        )
        for name in ("context_tokens", "answer_tokens", "threads", "parallel")
    ),
    ("timeouts", "connect_s = true", "connections.up.timeouts.connect_s: must be a number"),
    ("timeouts", "total_s = 0", "connections.up.timeouts.total_s: must be greater than 0"),
    ("routing", "'*' = 5", f"routing.*: {TARGETS}"),
    ("routing", "'*' = []", "routing.*: must not be empty"),
    ("routing", "'*' = ['up.*', 5]", "routing.*.1: must be a string"),
    ("routing", "'*' = 'up'", "routing.*: 'up' is not 'connection.model'; write 'up.*'"),
    ("api_keys", "api_keys = 'env:TEAM'", "groups.team.api_keys: must be a list"),
    (
        "api_keys",
        "api_keys = ['env:TEAM', 5]",
        "groups.team.api_keys.1: must be a string or a table",
    ),
    ("tail", "[[loggers]]\nclass = 'file'", "loggers.0.path: is required"),
]

MOVE = "is a top-level key: move it above the first [table] header"

SLID = [
    ("connection", "port = 80", f"connections.up.port: unknown key; 'port' {MOVE}"),
    ("timeouts", "host = ''", f"connections.up.timeouts.host: unknown key; 'host' {MOVE}"),
    ("group", "routing = {}", f"groups.team.routing: unknown key; 'routing' {MOVE}"),
    ("server", "port = 80", f"server.port: unknown key; 'port' {MOVE}"),
    ("routing", "'*' = 'up.*'\nport = 80", f"routing.port: {TARGETS}; 'port' {MOVE}"),
    (
        "routing",
        "'*' = 'up.*'\napi_prefix = '/v1'",
        f"routing.api_prefix: '/v1' is not 'connection.model'; 'api_prefix' {MOVE}",
    ),
    (
        "routing",
        "'*' = 'up.*'\ndefault_model = 'gpt-4.1'",
        f"routing.default_model: there is no connection 'gpt-4'; 'default_model' {MOVE}",
    ),
    (
        "tail",
        "[[loggers]]\npath = 'x'\nport = 1",
        f"loggers.0.port: unknown key; 'port' {MOVE}",
    ),
    (
        "tail",
        "[connections]\nlane = 'auto'",
        "connections.lane: must be a table, or the dotted path of a function or class; "
        f"'lane' {MOVE}",
    ),
]

UNQUOTED = [
    ("routing", "gpt-4.1 = 'up.*'", f'routing.gpt-4: {TARGETS}; quote the name: "gpt-4.1" = …'),
    ("routing", "a.b.c = 'up.*'", f'routing.a: {TARGETS}; quote the name: "a.b.c" = …'),
    (
        "connection",
        "models.gpt-4.1 = 'x'",
        'connections.up.models.gpt-4: must be a string; quote the name: "gpt-4.1" = …',
    ),
]

ALL = {
    "misspelt": MISSPELT,
    "of the wrong type": WRONG_TYPE,
    "slid under a table": SLID,
    "unquoted": UNQUOTED,
}
CASES = [
    pytest.param(*case, id=f"{kind}: {case[1].splitlines()[-1]} in {case[0]}")
    for kind, cases in ALL.items()
    for case in cases
]


def test_the_config_that_slips_are_put_into_has_no_problem(tmp_path: Path) -> None:
    assert configs.problems(tmp_path, configs.text()) == []


@pytest.mark.parametrize(("slot", "slip", "words"), CASES)
def test_a_slip_is_said_once_with_its_line_its_key_and_what_was_meant(
    slot: str, slip: str, words: str, tmp_path: Path
) -> None:
    content = configs.text(**{slot: slip})
    place = slip.splitlines()[0 if words.endswith("is required") else -1]

    found = configs.problems(tmp_path, content)

    assert found == [f"line {configs.line(content, place)}: {words}"]


def test_every_name_of_an_unquoted_family_is_given_with_its_quotes(tmp_path: Path) -> None:
    content = configs.text(routing="gpt-4.1 = 'up.x'\ngpt-4.1-mini = 'up.y'")

    (found,) = configs.problems(tmp_path, content)

    assert found.endswith('quote the name: "gpt-4.1" = …, "gpt-4.1-mini" = …')


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = configs.text(
        top="prot = 1",
        connection="concurrency = 'many'",
        routing="gpt-4.1 = 'up.*'\n'*' = 'nowhere.*'",
        api_keys="api_keys = ['env:UNSET']",
        group="allowed_conections = '*'\nallowed_connections = 'up, uqp'",
        server="trusted_proxies = ['not-an-address']",
        tail="[[loggers]]\nclass = 'fil'",
    )

    found = configs.problems(tmp_path, content)

    assert [problem.split(": ")[1] for problem in found] == [
        "prot",
        "connections.up.concurrency",
        "routing.gpt-4",
        "routing.*",
        "groups.team.api_keys.0",
        "groups.team.allowed_conections",
        "groups.team.allowed_connections.1",
        "server.trusted_proxies.0",
        "loggers.0.class",
    ]


def test_what_only_follows_from_another_problem_is_not_said(tmp_path: Path) -> None:
    content = configs.text(api_keys="api_keys = 'not a list'").replace(
        'api_key = "env:UPSTREAM"', "api_key = 5"
    )

    found = configs.problems(tmp_path, content)

    assert [problem.split(": ", 1)[1] for problem in found] == [
        "connections.up.api_key: must be a string",
        "groups.team.api_keys: must be a list",
    ]


def test_a_file_without_connections_is_told_so(tmp_path: Path) -> None:
    assert configs.problems(tmp_path, "port = 1") == ["connections: is required"]


def test_no_name_is_suggested_where_none_is_near() -> None:
    assert nearest("zzz", ["port", "host"]) is None


def test_a_table_of_free_names_has_no_known_keys() -> None:
    assert known_keys(("routing",)) == []
    assert "connect_s" in known_keys(("connections", "anything", "timeouts"))


def test_a_wrong_virtual_key_hides_nothing_else(tmp_path: Path) -> None:
    content = configs.text(
        api_keys="api_keys = ['env:TEAM', { kee = 'x' }, '']",
        connection="api_kee = 'x'",
        routing="'*' = 'upp.*'",
    )

    found = configs.problems(tmp_path, content)

    assert [words.split(": ")[1] for words in found] == [
        "connections.up.api_kee",
        "routing.*",
        "groups.team.api_keys.1.kee",
        "groups.team.api_keys.2.key",
    ]
