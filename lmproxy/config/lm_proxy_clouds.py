"""How does an lm-proxy connection get into Azure and Google Cloud? In the words of ours."""

import json
from pathlib import Path

from lmproxy.config import lm_proxy_keys as theirs
from lmproxy.config.lm_proxy_keys import is_true
from lmproxy.config.lm_proxy_table import Table
from lmproxy.config.values import is_file


def azure(table: Table, kind: str) -> None:
    """Deployments, the version of the API, and tokens."""
    version = table.take("openai_api_version")
    if version is not None and kind == "azure":
        table.put(version, ("api_version",), "openai_api_version")
    for name in theirs.DEPLOYMENTS:
        deployment = table.take(name)
        if deployment is None:
            continue
        if kind == "azure":
            take = table.replace if name == theirs.DEPLOYMENTS[0] else table.put
            take(deployment, ("model",), name)
        else:
            table.warn(name, instead="only api_type = 'azure' has deployments")
    _entra(table, kind)


def _entra(table: Table, kind: str) -> None:
    """Tokens of Entra ID in the place of a key."""
    wanted = kind == "azure" and is_true(table.said.get("azure_use_entra_id"))
    table.said.pop("azure_use_entra_id", None)
    given = {key: value for key in theirs.ENTRA if (value := table.take(key)) is not None}
    if not wanted:
        for key in given:
            table.warn(key, instead="set azure_use_entra_id = true, with api_type = 'azure'")
        return
    if table.take("api_key") is not None:
        table.warn("api_key", instead="azure_use_entra_id says to use a token")
    scope = given.get("azure_entra_scope", theirs.ENTRA_SCOPE)
    table.put(scope, ("litellm", "azure_scope"), "azure_entra_scope")
    mode = str(given.get("azure_entra_credential", "default")).strip().lower()
    if mode == "default":
        table.put("default", ("litellm", "azure_credential"), "azure_use_entra_id")
        for key in theirs.ENTRA[2:]:
            if key in given:
                table.warn(key, instead="set azure_entra_credential = 'client_secret'")
    elif mode == "client_secret":
        for key in theirs.ENTRA[2:]:
            if key not in given:
                table.fail("azure_entra_credential", message=f"needs {key} beside it")
            else:
                table.put(given[key], ("litellm", key.removeprefix("azure_")), key)
    else:
        hint = "write 'default' or 'client_secret'"
        table.fail("azure_entra_credential", message="is none that is known", hint=hint)


def google(table: Table, kind: str) -> None:
    """Vertex AI, by a service account, in place of a key of AI Studio's."""
    vertexai = table.take("google_genai_use_vertexai")
    accounts = [name for name in theirs.SERVICE_ACCOUNTS if table.said.get(name)]
    is_vertex = kind == "google_vertex_ai" or (kind == "google" and bool(accounts))
    values = {name: table.take(name) for name in (*theirs.SERVICE_ACCOUNTS, *theirs.CLOUD)}
    if not is_vertex:
        said = [name for name, value in values.items() if value is not None]
        said += ["google_genai_use_vertexai"] if is_true(vertexai) else []
        for name in said:
            table.warn(name, instead="set api_type = 'google_vertex_ai'")
        return
    if kind == "google":
        table.said["api_type"] = "google_vertex_ai"
    for name, setting in theirs.CLOUD.items():
        if values[name] is not None:
            table.put(values[name], ("litellm", setting), name)
    if accounts:
        account = values[accounts[0]]
        text = json.dumps(account) if isinstance(account, dict) else str(account)
        if not text.lstrip().startswith("{") and not is_file(Path(text)):
            table.fail(accounts[0], message="there is no such file")
        table.put(text, ("litellm", "vertex_credentials"), accounts[0])
        table.put("global", ("litellm", "vertex_location"), accounts[0])
        if len(accounts) > 1:
            table.warn(accounts[1], instead=f"{accounts[0]} goes before it")
