"""Did a provider's failure end as promised? What every row of the upstream faults checks."""

from dataclasses import dataclass
from typing import Any

from tests.conftest import UPSTREAM_KEY
from tests.harness import patient
from tests.harness.answer import DONE, Answer
from tests.harness.errors import FIELDS
from tests.harness.proxy import REPOSITORY, Proxy
from tests.provider.server import Provider

Record = dict[str, Any]
NEVER_SAID = (
    *("Traceback", 'File "', "site-packages", "lmproxy", "aiohttp", "ssl.c", "Errno"),
    *(str(REPOSITORY), UPSTREAM_KEY, UPSTREAM_KEY[-8:], "127.0.0.1"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Checks answers of one proxy and one provider; each check returns the record."""

    proxy: Proxy
    provider: Provider

    def failed(self, answer: Answer, status: int, code: str | None, sent: int = 1) -> Record:
        """Nothing of an answer was out: the status tells. `sent`: requests the provider saw."""
        assert (answer.status, answer.error["code"]) == (status, code), answer
        assert answer.headers["content-type"] == "application/json"
        record = self._record(answer, code, sent)
        assert (record["status"], record["outcome"]) == (status, "upstream_failed")
        assert [attempt["error_code"] for attempt in record["attempts"]] == [record["error_code"]]
        assert record["usage"]["source"] == "unknown"
        return record

    def broke_off(self, answer: Answer, code: str | None, source: str = "estimated") -> Record:
        """Part of a stream was out: its last event tells, and nothing looks like a good end."""
        assert (answer.status, answer.is_cut) == (200, False)
        assert answer.error["code"] == code, answer.body[-1000:]
        assert DONE not in answer.events
        record = self._record(answer, code, 1)
        assert (record["status"], record["outcome"]) == (200, "broken")
        assert record["usage"]["source"] == source
        return record

    def cut_off(self, answer: Answer, code: str) -> Record:
        """Part of a plain answer was out: the connection ends before it is whole."""
        assert (answer.status, answer.is_cut) == (200, True)
        record = self.proxy.record(id=answer.id)
        assert (record["outcome"], record["error_code"]) == ("broken", code)
        self._afterwards(record, 1)
        return record

    def answered(self, answer: Answer, source: str = "provider") -> Record:
        """All is well, for the cases beside the faults."""
        assert (answer.status, answer.is_cut) == (200, False), answer.body[-1000:]
        record = self.proxy.record(id=answer.id)
        assert (record["outcome"], record["error_code"]) == ("answered", None)
        assert record["usage"]["source"] == source
        self._afterwards(record, 1)
        return record

    def _record(self, answer: Answer, code: str | None, sent: int) -> Record:
        assert set(answer.error) == FIELDS
        assert answer.error["message"]
        self.tells_nothing(answer)
        record = self.proxy.record(id=answer.id)
        assert record["error_code"] == (code or answer.error["type"])
        self._afterwards(record, sent)
        return record

    def tells_nothing(self, answer: Answer) -> None:
        """Neither key nor address of the provider, nor anything of our insides, is in there."""
        heard = str(answer.headers) + answer.body.decode("utf-8", "replace")
        for words in (*NEVER_SAID, f":{self.provider.port}"):
            assert words not in heard

    def _afterwards(self, record: Record, sent: int) -> None:
        assert len(self.provider.requests_for(record["model_used"])) == sent
        assert UPSTREAM_KEY not in str(record)
        assert not any(UPSTREAM_KEY in line for line in self.proxy.stderr)
        assert patient.get(f"{self.proxy.url}/health").status_code == 200
