"""The tables of the documentation say what the code says, in both directions."""

import re

from lmproxy import errors
from lmproxy.app import ENDPOINTS
from lmproxy.config.lm_proxy_keys import KEYS
from lmproxy.upstream.litellm.names import ADDRESSES, SETTINGS
from lmproxy.upstream.vendors import VENDORS
from tests.docs.lanes import table
from tests.harness.proxy import REPOSITORY

OWN_PATHS = {"GET /health", "GET /ready", "HEAD /", "HEAD /api/hello"}
CODE = re.compile(r'code(?:: str \| None)?\s*=\s*"([a-z_]+)"')
NEVER_SENT = {"client_gone", "client_stalled", "not_found"}  # The last is always refined.


def test_the_readme_lists_every_endpoint_and_no_other() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    listed = set(re.findall(r"^\| `((?:GET|POST|HEAD|DELETE) /\S*)` \|", readme, re.MULTILINE))

    served = {
        f"{endpoint.method} {endpoint.place('/v1').replace(':path', '')}" for endpoint in ENDPOINTS
    }

    assert listed == served | OWN_PATHS


def test_the_readme_has_the_lane_of_every_endpoint_to_every_provider() -> None:
    assert table() in (REPOSITORY / "README.md").read_text()


def test_every_error_code_has_a_row() -> None:
    page = (REPOSITORY / "docs" / "connect.md").read_text()
    explained = set(re.findall(r"`([a-z_]+)`", page))

    package = REPOSITORY / "lmproxy"
    rooms = ["errors.py", "gateway.py", "api", "handlers", "keys", "policy", "routing", "upstream"]
    files = [file for room in rooms for file in sorted(package.glob(f"{room}/**/*.py"))]
    files += [package / room for room in rooms if room.endswith(".py")]
    codes = {code for file in files for code in CODE.findall(file.read_text())}

    assert {"model_not_found", "local_model_unavailable"} <= codes
    assert codes - NEVER_SENT <= explained


def test_every_error_class_is_drawn_in_the_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]

    assert len(classes) > 10
    for name in classes:
        assert name in drawn


def test_every_provider_and_each_of_its_settings_is_named_on_the_configuring_page() -> None:
    page = (REPOSITORY / "docs" / "configure.md").read_text()
    named = set(re.findall(r"`([a-z_0-9]+)`", page))

    shown = {known.api_type for known in VENDORS.values()} | ADDRESSES.keys()
    settings = {name for names in SETTINGS.values() for name in names}

    assert (shown | settings) - named == set()


def test_every_key_of_lm_proxys_connections_has_a_row_in_the_list_for_its_users() -> None:
    page = (REPOSITORY / "docs" / "from-lm-proxy.md").read_text()
    listed = set(re.findall(r"`([a-z_]+)`", page.partition("## Keys")[2].partition("\n## ")[0]))

    assert listed >= KEYS
