"""What must never be seen: taken out of every text that we did not write ourselves.

Two nets. The exact one knows this process's own secrets, in each form a provider or a library may
echo them; the second knows what secrets, hosts and file paths look like.
"""

import base64
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

MASK = "[secret]"
SHORTEST_SECRET = 6
"""Below this a secret cannot be told from ordinary text; masking it would garble every message."""
ELIDED_PREFIX = 8
"""Providers echo a key as its head, some dots and its tail: the head is what we look for."""
LONGEST_PREFIX = 64
"""What begins with so much of a key is one, however it goes on."""
SHORTEST_HEAD = 4
"""A head so short counts only if dots or stars follow."""
SHORTEST_KEY = 20
"""Of texts that look like nothing else: shorter ones are words."""
DEEPEST = 32
"""What lies deeper in a provider's error object is left out: nobody nests words so deep."""

REST_OF_WORD = r"[^\s\"'<>]*"
GOES_ON_OTHERWISE = r"(?!_{2}|[xX]{3})\w"
"""Behind the head of a key: a word that only begins alike, as the model `mistral-large` does where
the key is `mistral-secret-1234`. Where a key is cut or starred, no letter of a word follows."""
PORT = re.compile(r":\d+$")

LOOKS_SECRET = re.compile(
    r"-----BEGIN[ A-Z]*PRIVATE KEY-----.*?(?:-----END[ A-Z]*PRIVATE KEY-----|\Z)"
    r"|\bsk-[\w*.…-]{4,}"
    r"|\bAIza[\w*.…-]{8,}"
    r"|\bAKIA[A-Z0-9*]{8,}"
    r"|\bgh[pousr]_\w{16,}"
    r"|(?<![\w-])(?:(?!\beyJ)[\w-])*+eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*"
    r"|(?<=\bBearer )(?!\{\w+\}(?:[\s\"',]|$))[^\s\"',]{4,}"
    r"|(?<=[?&]key=)[^&\s\"']+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)",
    re.DOTALL,
)
"""A token (`eyJ…`) is looked for once in a word, and taken with what stands before it there: a look
at each beginning of one would stop the loop for a client whose words are full of them."""
MAY_LOOK_SECRET = re.compile(r"-----B|sk-|AIza|AKIA|gh[pousr]_|eyJ|Bearer |key=|://")
"""Found in everything that `LOOKS_SECRET` finds, at a tenth of the cost: few texts have it."""
LOOKS_INTERNAL = re.compile(
    r"(?:Traceback \(most recent call last\).*)"
    r"|(?:\bfile:/[^\s\"'<>]*)"
    r"|(?:\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b)"
    r"|(?:\blocalhost(?::\d{1,5})?\b)"
    r"|(?:(?<![\w:/.])/(?:home|usr|opt|var|tmp|root|etc|app|srv|mnt|data|workspace)(?:/[\w.@+-]+)+)"
    r"|(?:(?<![\w:/.])(?:/[\w.@+-]+)+\.py\b)",
    re.DOTALL,
)


class Scrubber:
    """Masks secrets. Built once per config, and `OF_LOGS`; `secrets` are upstream credentials."""

    def __init__(self, secrets: Iterable[str] = (), hosts: Iterable[str] = ()) -> None:
        """Prepare both nets. `hosts` are the providers' own, removed from what clients see.

        A secret of several words is a header's value: its last word is the secret proper. A host
        is also looked for without its port.
        """
        self._known: set[str] = set()
        self._exact: re.Pattern[str] | None = None
        self.learn(secrets)
        names = {name for host in hosts for name in (host, PORT.sub("", host)) if name}
        self._hosts = _any_of(sorted(names, key=len, reverse=True))

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these as well from now on."""
        whole = {*secrets}
        words = {secret.split()[-1] for secret in whole if secret.strip()}
        if whole | words <= self._known:
            return
        self._known |= whole | words
        known = sorted(self._known, key=len, reverse=True)
        forms = [form for s in known if len(s) >= SHORTEST_SECRET for form in _forms(s)]
        self._exact = re.compile("|".join(forms)) if forms else None

    def text(self, text: str) -> str:
        """Mask secrets. For logs and records, where hosts and paths help and are ours to see."""
        if self._exact:
            text = self._exact.sub(MASK, text)
        return LOOKS_SECRET.sub(MASK, text) if MAY_LOOK_SECRET.search(text) else text

    def message(self, text: str, limit: int = 500) -> str:
        """A provider's words made fit for a client: no secret, host or path, cut to `limit`."""
        text = self.text(text[: limit * 8])
        if self._hosts:
            text = self._hosts.sub("[upstream]", text)
        text = LOOKS_INTERNAL.sub("[internal]", text)
        return text if len(text) <= limit else text[: limit - 1] + "…"

    def value(self, value: Any, limit: int = 500, deepest: int = DEEPEST) -> Any:
        """`message` for every string of a JSON value, keys included; `None` below `deepest`."""
        if isinstance(value, str):
            return self.message(value, limit)
        if not isinstance(value, dict | list):
            return value
        if deepest == 0:
            return None
        if isinstance(value, list):
            return [self.value(item, limit, deepest - 1) for item in value]
        items = value.items()
        return {self.message(str(k), limit): self.value(v, limit, deepest - 1) for k, v in items}


def mask(text: str, secrets: Iterable[str]) -> str:
    """Take the caller's own credentials out of free text of the same request."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET and secret in text:
            text = text.replace(secret, MASK)
    return text


def looks_like_key(text: str) -> bool:
    """Whether a credential that nobody asked for may be somebody's key all the same."""
    return len(text) >= SHORTEST_KEY or bool(LOOKS_SECRET.search(text))


def _forms(secret: str) -> list[str]:
    """Patterns for a secret as it is, percent-encoded, in base64, JSON-escaped, and elided."""
    raw = secret.encode()
    plain = {
        secret,
        quote(secret, safe=""),
        base64.b64encode(raw).decode().rstrip("="),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        secret.replace("\\", "\\\\").replace('"', '\\"').replace("/", "\\/"),
    }
    forms = [re.escape(form) for form in sorted(plain, key=len, reverse=True)]
    if len(secret) >= 2 * ELIDED_PREFIX:
        forms.append(_head(secret))
        forms.append(re.escape(secret[:SHORTEST_HEAD]) + r"\w{0,4}(?:…|\.\.|[*•])" + REST_OF_WORD)
    return forms


def _head(secret: str) -> str:
    """The head of a secret, as much as there is of it, and what is left of its word."""
    further = REST_OF_WORD
    for letter in reversed(secret[ELIDED_PREFIX:LONGEST_PREFIX]):
        further = f"(?:{re.escape(letter)}{further})?+"
    return f"{re.escape(secret[:ELIDED_PREFIX])}{further}(?!{GOES_ON_OTHERWISE}){REST_OF_WORD}"


def _any_of(names: list[str]) -> re.Pattern[str] | None:
    """Any of these host names, where it is not part of a longer word."""
    found = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![\w-])(?:{found})(?![\w-])", re.IGNORECASE) if names else None


OF_LOGS = Scrubber()
"""Of the process log, which is one for every config that is served in this process."""
