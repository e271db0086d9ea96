"""A dotted path of lm-proxy's is known by every name that it has there."""

from pathlib import Path

import pytest

from tests.harness import configs


@pytest.mark.parametrize("path", ["strategies.Fallback", "strategies.fallback.Fallback"])
def test_a_class_is_known_by_its_package_and_by_its_module(path: str, tmp_path: Path) -> None:
    tail = f'[connections.f]\nclass = "lm_proxy.{path}"\nconnections = ["up", "up.b"]'
    content = configs.text(tail=tail, routing='"*" = "f.*"')

    assert configs.warnings(tmp_path, content) == []


def test_a_builtin_needs_its_module_and_it_is_told(tmp_path: Path) -> None:
    (found,) = configs.problems(tmp_path, configs.text(top='loggers = ["print"]'))

    assert found.endswith("loggers.0: there is no 'print'; write 'builtins.print'")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("lm_proxy.api_key_check.AllowAl", "lm_proxy.api_key_check.AllowAll"),
        ("lm_proxy.core.check_apikey", "lm_proxy.core.check_api_key"),
        ("lm_proxy.api_key_check.CheckAPIKey", "lm_proxy.api_key_check.CheckAPIKeyWithRequest"),
    ],
)
def test_an_unknown_path_of_theirs_is_told_with_the_nearest(
    path: str, meant: str, tmp_path: Path
) -> None:
    (found,) = configs.problems(tmp_path, configs.text(top=f'api_key_check = "{path}"'))

    assert f"there is no '{path}'; did you mean '{meant}'?" in found
