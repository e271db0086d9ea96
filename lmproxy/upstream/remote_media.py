"""Which media may a provider be asked to fetch? Looked at before anything goes anywhere.

The proxy itself fetches none and resolves no name. An address on the web goes on as it is, for the
provider to fetch, unless the operator refuses that; one that can only mean a machine of the
operator's own network never does, however it is written: a provider there would fetch it.
"""

import ipaddress
import re
import socket
import unicodedata
from typing import Any
from urllib.parse import unquote

from lmproxy.call import Json
from lmproxy.config.values import RemoteMedia
from lmproxy.errors import InvalidRequest

PLACES = {
    "messages", "input", "instructions", "system", "prompt", "tools", "query", "documents",
}  # fmt: skip
"""Fields of requests with media somewhere within; a text of theirs is a text."""
MEDIA_PLACES = {
    "image", "images", "image[]", "mask", "mask[]", "image_url", "image_urls", "video_url",
    "audio_url", "reference_images", "input_reference", "file", "url",
}  # fmt: skip
"""Fields of requests that are media; a text of theirs is an address, or data."""
LOOKED_AT = PLACES | MEDIA_PLACES
WITHIN = {"content", "output", "outputs"}
"""Fields of messages and parts that hold further parts. A tool's arguments are none: they may name
any address."""
MEDIA = {
    "image_url", "video_url", "audio_url", "file_url", "document_url", "file_id", "file_data",
    "file", "image", "images", "mask", "video", "videos", "audio", "audios", "input_image",
    "input_audio", "input_image_mask",
}  # fmt: skip
"""Fields of messages and parts that are media, whatever else is beside them."""
SOURCE = "source"
"""Of a picture or document: a medium. As a text: where a search result was found."""
TABLES = (dict, list)
NOTED = {*WITHIN, *MEDIA, SOURCE, "url"}
BARE = {"image", "video", "audio", "file", "input_image", "input_file", "image_url", "video_url"}
"""Types of parts whose own `url` is a medium's; that of a search result is not."""
SCHEME = re.compile(r"[\x00-\x20]*+([a-z][a-z0-9+.\t\r\n-]*+):[\t\r\n]*+(//)?", re.IGNORECASE)
"""As browsers and many clients see one: with white space before it and within."""
NO_SCHEME = re.compile(r"[\x00-\x20]*+[/\\][\t\r\n]*+[/\\]")
DANGEROUS = {"file", "ftp", "gopher", "javascript", "ldap", "jar", "dict", "sftp", "blob"}
"""Schemes that are refused even without slashes."""
IGNORED = re.compile("[\t\n\r]")
OWN_ENDINGS = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan")
"""Of names that no public server has (RFC 6761, 6762, 8375; ICANN on `.internal`)."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def check_media(body: Json, policy: RemoteMedia) -> None:
    """Look at every address of a medium in a request.

    Raises:
        InvalidRequest: one of them may not go on.
    """
    for place in LOOKED_AT & body.keys():
        given = body[place]
        if place == "prompt" and isinstance(given, dict):  # A stored one of OpenAI's.
            variables = given.get("variables")
            given = list(variables.values()) if isinstance(variables, dict) else None
        found: list[str] = []
        if place in PLACES:
            if isinstance(given, TABLES):
                _find([given], found)
        else:
            _find(_in_medium(given, found), found)
        for address in found:
            why = refusal(address, policy)
            if why is not None:
                raise InvalidRequest(why, code="remote_urls_disabled", param=place)


def refusal(address: str, policy: RemoteMedia) -> str | None:
    """Why an address may not go on, in words for the client; `None` if it may.

    What is no address, such as the id of a file or plain base64, may.
    """
    # Most have none, or one at the start; looking for the colon first spares the rest of the data.
    found = SCHEME.match(address) if ":" in address else None
    scheme = IGNORED.sub("", found[1]).lower() if found else ""
    if scheme in ("http", "https") or NO_SCHEME.match(address):
        if policy == "refuse":
            return "Media by URL are not taken here. Send the data, as a data: URL or in base64."
        # A backslash ends a host for some readers and is part of a user's name for others.
        if "\\" in address or not is_public(_host(address)):
            return (
                "A URL of a private or local address cannot be fetched by a provider. Send the "
                "data, as a data: URL or in base64."
            )
        return None
    if scheme in DANGEROUS or (found and found[2] and scheme != "data"):
        return "Media can be sent as data: URLs, in base64, or by an https:// URL."
    return None


def is_public(host: str) -> bool:
    """Whether a host could be somebody else's, by its name or number alone."""
    if not host or any(character.isspace() for character in host):
        return False
    if (address := _number(host)) is not None:
        return _is_public_number(address)
    return "." in host and not f".{host}".endswith(OWN_ENDINGS)


def _host(address: str) -> str:
    """The host, as the most lenient client would read it; without brackets and final dots."""
    text = IGNORED.sub("", address).strip().replace("\\", "/")
    rest = SCHEME.sub("", text, count=1).lstrip("/")
    authority = re.split("[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    # Names in other scripts have full stops of their own (RFC 3490, 3.1).
    authority = unicodedata.normalize("NFKC", unquote(authority)).replace("\u3002", ".").lower()
    if authority.startswith("["):
        return authority[1:].partition("]")[0].partition("%")[0]
    return authority.partition(":")[0].rstrip(".")


def _number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The number that a host is; also written short, octal, hexadecimal or as a whole."""
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        pass
    try:
        return ipaddress.IPv6Address(host)
    except ValueError:
        return None


def _is_public_number(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        within = address.ipv4_mapped or address.sixtofour
        if within is None and address in NAT64:
            within = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if within is not None:
            return _is_public_number(within)
    return address.is_global and not address.is_multicast


def _find(parts: list[Any], found: list[str]) -> None:
    """Add every text that stands where a medium's address may stand. `parts` is used up.

    What something calls itself decides nothing: who reads it next may go by the fields it has.
    There is no recursion, because a client decides how deep a request is.
    """
    while parts:
        node = parts.pop()
        if isinstance(node, list):
            parts += [one for one in node if isinstance(one, TABLES)]
            continue
        for name in node:
            if name not in NOTED:
                continue
            given = node[name]
            if name in MEDIA:
                parts += _in_medium(given, found)
            elif name == SOURCE:
                parts += _in_source(given, found)
            elif name != "url":
                parts += [given] if isinstance(given, TABLES) else []
            elif isinstance(given, str) and _is_bare(node.get("type")):
                found.append(given)


def _is_bare(kind: object) -> bool:
    return isinstance(kind, str) and kind in BARE


def _is_base64(data: object) -> bool:
    """Whether it begins as MP3s do in base64, and not as an address without a scheme."""
    return isinstance(data, str) and data.startswith("//")


def _in_source(source: Any, found: list[str]) -> list[Any]:
    """`_in_medium`, but for what is words: where something was found, a document's own text."""
    if isinstance(source, dict) and source.get("type") == "text":
        source = {name: source[name] for name in source if name != "data"}
    return [] if isinstance(source, str) else _in_medium(source, found)


def _in_medium(medium: Any, found: list[str]) -> list[Any]:
    """Add the addresses in a medium. The tables in it are given back, as parts to look at."""
    media, parts = [medium], []
    while media:
        one = media.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, list):
            media += one
        elif isinstance(one, dict):
            parts.append(one)
            if "url" in one:
                media.append(one["url"])
            if "data" in one and not _is_base64(one["data"]):
                media.append(one["data"])
    return parts
